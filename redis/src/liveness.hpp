#pragma once

#include <cstdint>
#include <optional>

namespace socketio::redis {

/// Decides when a connection counts as dead, and when it gets a PING: one that only receives messages, or is not used, may be
/// dead without a sign, because the other machine lost power or a device in between dropped the connection.
class Liveness {
 public:
  /// Options::command_timeout and Options::keepalive; 0 turns either off.
  Liveness(std::uint32_t command_timeout_ms, std::uint32_t keepalive_ms) noexcept
      : command_timeout_ms_(command_timeout_ms), keepalive_ms_(keepalive_ms) {}

  /// Accepting the connection shows that the server is alive.
  void on_connected(std::uint64_t now_ms) noexcept {
    read_ms_ = now_ms;
    pong_pending_ = false;
  }
  void on_read(std::uint64_t now_ms) noexcept { read_ms_ = now_ms; }
  /// The system took bytes, or was given bytes to take: from now on it must take something within the timeout.
  void on_write(std::uint64_t now_ms) noexcept { written_ms_ = now_ms; }
  [[nodiscard]] std::uint64_t written_ms() const noexcept { return written_ms_; }

  /// Time after which check_replies() must run while anything is pending; nullopt: never.
  [[nodiscard]] std::optional<std::uint64_t> first_check_ms() const noexcept;
  struct Verdict {
    enum class Kind : std::uint8_t { idle, wait, dead } kind = Kind::idle;
    std::uint64_t wait_ms = 0;  ///< until the next check
  };
  /// Dead: replies are pending and Redis has sent nothing for the timeout, or the system has taken no bytes for as long.
  ///
  /// `in_flight_ms`  time at which the oldest command in flight was written; nullopt: there is none
  /// `is_pending`    confirmations are pending, or bytes wait for the system
  [[nodiscard]] Verdict check_replies(std::uint64_t now_ms, std::optional<std::uint64_t> in_flight_ms,
                                      bool is_pending) const noexcept;
  /// True if a reply is late. Commands that are not written now can still be sent on another connection if this one is dead.
  [[nodiscard]] bool is_stalled(std::uint64_t now_ms, std::uint64_t in_flight_ms) const noexcept {
    return command_timeout_ms_ != 0 && now_ms > in_flight_ms + command_timeout_ms_ / 10;
  }

  struct KeepAlive {
    bool sends_ping = false;    ///< after it, a reply is pending
    std::uint64_t wait_ms = 0;  ///< until the next call
  };
  /// To be called after Options::keepalive, and again as it returns.
  ///
  /// `is_idle`  no reply or confirmation is pending, and no command waits
  KeepAlive keep_alive(std::uint64_t now_ms, bool is_idle) noexcept;
  /// True while the reply to a PING is pending, before the replies to later commands.
  [[nodiscard]] bool pong_pending() const noexcept { return pong_pending_; }
  /// Returns false when no PING was sent.
  bool take_pong() noexcept;

 private:
  std::uint32_t command_timeout_ms_;
  std::uint32_t keepalive_ms_;
  std::uint64_t written_ms_ = 0;
  std::uint64_t read_ms_ = 0;
  bool pong_pending_ = false;
};

}  // namespace socketio::redis
