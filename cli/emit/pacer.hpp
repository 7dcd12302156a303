#pragma once

#include <algorithm>
#include <chrono>

namespace socketio::cli {

/// Spreads emits evenly over time. After a delay it catches up a little, never in one burst.
class Pacer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Pacer(double per_second, Time now)
      : interval_(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(1 / per_second))),
        due_(now) {}

  /// Time to wait for the next emit; zero if it is due. Otherwise at least `slice`: emits that become due meanwhile go
  /// together.
  [[nodiscard]] std::chrono::nanoseconds wait(Time now) const {
    const auto left = due_ - now;
    return left.count() <= 0 ? std::chrono::nanoseconds(0) : std::max<std::chrono::nanoseconds>(left, slice);
  }
  /// Counts one emit at `now`.
  void count(Time now) { due_ = std::max<Time>(due_, now - catch_up) + interval_; }

  static constexpr std::chrono::milliseconds slice{1};
  static constexpr std::chrono::milliseconds catch_up{50};

 private:
  std::chrono::nanoseconds interval_;
  Time due_;
};

}  // namespace socketio::cli
