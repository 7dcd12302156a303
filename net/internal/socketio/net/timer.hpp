#pragma once

// For the library's own folders; not installed.

#include <cstdint>
#include <functional>

#include <socketio/net/loop.hpp>

namespace socketio::net {

class Core;

/// Updates the loop's time and returns it. Without the update, the time of a loop that has not run for an hour is an hour old.
[[nodiscard]] std::uint64_t fresh_now_ms(Loop& loop);

/// Calls a function once, after a delay. All timers of a loop share one libuv timer.
///
/// A timer that is due fires only after the loop has polled its sockets once more: when the loop has not run for a while, a
/// response that has already arrived is read before its timeout fires.
class Timer {
 public:
  /// `function` must not throw. It may restart this timer. It may destroy this timer, and with it the function's own captures,
  /// which it must not use afterwards.
  Timer(Loop& loop, std::function<void()> function);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Starts the timer; one that is active restarts with the new delay. An active timer keeps the loop running.
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
