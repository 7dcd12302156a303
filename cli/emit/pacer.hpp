#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

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

/// Schedule of the lines of a recording. The first line is due at once; each later line is due after its recorded distance from
/// the first one, divided by the speed. All times count from the first line, so small delays never add up, and a late line is
/// due at once.
class Schedule {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `speed`  above 0; 2 is twice as fast.
  explicit Schedule(double speed) : speed_(speed) {}

  /// Time to wait for the line recorded at `at_ms`, which must not be less than that of the first line; zero if the line is
  /// due.
  [[nodiscard]] std::chrono::nanoseconds wait(std::uint64_t at_ms, Time now) {
    if (!first_) {
      first_ = First{at_ms, now};
    }
    const double after_ms = std::min(static_cast<double>(at_ms - first_->at_ms) / speed_, after_ms_max);
    const Time due = first_->time + std::chrono::nanoseconds(static_cast<std::int64_t>(after_ms * 1e6));
    return std::max<std::chrono::nanoseconds>(due - now, std::chrono::nanoseconds(0));
  }

  /// Longest distance from the first line, about thirty years, so that the clock cannot overflow.
  static constexpr double after_ms_max = 1e12;

 private:
  struct First {
    std::uint64_t at_ms;
    Time time;
  };

  const double speed_;
  std::optional<First> first_;
};

}  // namespace socketio::cli
