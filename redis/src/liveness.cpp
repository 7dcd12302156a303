#include "liveness.hpp"

#include <algorithm>
#include <utility>

namespace socketio::redis {

std::optional<std::uint64_t> Liveness::first_check_ms() const noexcept {
  return command_timeout_ms_ != 0 ? std::optional<std::uint64_t>(command_timeout_ms_) : std::nullopt;
}

Liveness::Verdict Liveness::check_replies(std::uint64_t now_ms, std::optional<std::uint64_t> in_flight_ms,
                                          bool is_pending) const noexcept {
  if (!in_flight_ms && !is_pending && !pong_pending_) {
    return {};
  }
  const std::uint64_t since_ms = std::max(in_flight_ms.value_or(written_ms_), read_ms_);
  const std::uint64_t silent_ms = now_ms > since_ms ? now_ms - since_ms : 0;
  return silent_ms < command_timeout_ms_ ? Verdict{Verdict::Kind::wait, command_timeout_ms_ - silent_ms}
                                         : Verdict{Verdict::Kind::dead, 0};
}

Liveness::KeepAlive Liveness::keep_alive(std::uint64_t now_ms, bool is_idle) noexcept {
  const std::uint64_t silent_ms = now_ms > read_ms_ ? now_ms - read_ms_ : 0;
  if (silent_ms < keepalive_ms_) {
    return {false, keepalive_ms_ - silent_ms};
  }
  const bool sends_ping = is_idle && !pong_pending_;
  pong_pending_ = pong_pending_ || sends_ping;
  return {sends_ping, keepalive_ms_};
}

bool Liveness::take_pong() noexcept { return std::exchange(pong_pending_, false); }

}  // namespace socketio::redis
