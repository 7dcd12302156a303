#include "retry.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <socketio/common/milliseconds.hpp>

namespace socketio::redis {

std::uint32_t random_below(Random& random, std::size_t limit) {
  std::array<std::uint8_t, sizeof(std::uint32_t)> bytes{};
  random.fill(bytes);
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return static_cast<std::uint32_t>(number % limit);
}

std::uint64_t backoff_ms(std::uint64_t min_ms, std::uint64_t max_ms, std::uint32_t failures, Random& random) {
  const std::uint64_t longest = std::min(min_ms << std::min<std::uint32_t>(failures, 20), max_ms);
  return longest - random_below(random, longest / 2 + 1);
}

std::uint64_t resume_wait_ms(const Options& options, std::uint64_t away_ms) {
  const std::uint64_t longest = in_ms(options.resume_wait_max);
  return options.resume_when ? longest : std::min(2 * away_ms, longest);
}

std::uint64_t Retry::on_logged_in(std::uint64_t now_ms) {
  if (away_since_ms_ == 0) {
    return 0;
  }
  const std::uint64_t wait_ms = resume_wait_ms(options_, now_ms - away_since_ms_);
  resume_ms_ = now_ms + wait_ms;
  return wait_ms;
}

void Retry::on_lost(std::uint64_t now_ms, bool was_ready) noexcept {
  is_away_ = true;
  if (was_ready) {
    was_good_ = now_ms - ready_ms_ > in_ms(options_.backoff_max);
    failures_ = was_good_ ? 0 : failures_;
    away_since_ms_ = is_resuming(now_ms) ? away_since_ms_ : now_ms;
  }
}

std::uint64_t Retry::next_delay_ms(Random& random) {
  return std::exchange(was_good_, false)
             ? 0
             : backoff_ms(in_ms(options_.backoff_min), in_ms(options_.backoff_max), failures_++, random);
}

}  // namespace socketio::redis
