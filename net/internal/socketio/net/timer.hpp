#pragma once

// For the library's own folders; not installed.

#include <cstdint>
#include <functional>

#include <socketio/net/loop.hpp>

namespace socketio::net {

class Core;

/// The loop's time as it is now, not as it was at the start of the turn. A loop that was left alone for an hour still believes
/// the old time until it turns.
[[nodiscard]] std::uint64_t fresh_now_ms(Loop& loop);

/// Calls a function once, later. All timers of a loop share one libuv timer.
///
/// A timer that is due waits until the loop has looked at its sockets once more: when a loop was not turned for a while, an
/// answer that came long ago is read before anybody can call it overdue.
class Timer {
 public:
  /// `function` must not throw. It may restart this timer; it may destroy it if whatever it touches afterwards lives on.
  Timer(Loop& loop, std::function<void()> function);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Forgets an earlier start. Keeps the loop running until it has fired or is stopped.
  void start(std::uint64_t delay_ms);
  void stop() noexcept;
  [[nodiscard]] bool active() const noexcept { return active_; }

 private:
  friend class Core;

  Core& core_;
  std::function<void()> function_;
  std::uint64_t due_ms_ = 0;
  std::uint64_t sequence_ = 0;
  bool active_ = false;
};

}  // namespace socketio::net
