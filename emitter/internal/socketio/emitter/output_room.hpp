#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include <socketio/emitter/output_limits.hpp>

namespace socketio::emitter {

/// Decides whether one more message fits into Redis' output buffer of the slowest subscriber, besides the messages already
/// sent. No I/O: the caller passes in what it measured and what it sent.
///
/// The soft limit counts too: the buffer stays below it, except for a single message that is larger, which waits until the
/// buffer is almost empty. Redis checks only once a second whether the buffer is below the soft limit: after half of the
/// limit's time, sending pauses for that second.
class OutputRoom {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit OutputRoom(const OutputLimit& limit = {}) : limit_(limit) {
    high_bytes_ = std::min(high_bytes_max, limit.easy_bytes());
  }

  /// Stores a measurement: Redis buffers `waiting` bytes, and has not confirmed another `under_way` bytes of the sender.
  void measured(std::uint64_t waiting, std::uint64_t under_way, Time now) {
    load_ = waiting + under_way;
    waiting_ = waiting;
    granted_ = load_ <= high_bytes_ ? 0 : granted_;
    if (load_ >= soft()) {
      rest_since_.reset();
    } else if (above_since_) {
      rest_since_ = rest_since_.value_or(now);
      if (now - *rest_since_ >= rest_time) {
        above_since_.reset();
      }
    }
  }
  void sent(std::uint64_t bytes, Time now) {
    load_ += bytes;
    if (load_ >= soft()) {
      above_since_ = above_since_.value_or(now);
      rest_since_.reset();
    }
  }
  /// True if the buffer certainly stays far below the limits with the next message, even without a new measurement.
  [[nodiscard]] bool is_easy(std::uint64_t next) const noexcept {
    return load_ + next <= high_bytes_ || (load_ + next <= granted_ && fits(next));
  }
  /// Bytes that may be sent without a new measurement.
  [[nodiscard]] std::uint64_t easy_bytes() const noexcept {
    if (load_ <= high_bytes_) {
      return high_bytes_ - load_;
    }
    const std::uint64_t end = std::min({granted_, hard() - 1, soft() - 1});
    return end > load_ ? end - load_ : 0;
  }
  /// Permits some more bytes before the next measurement, when waiting did not help but there is room.
  void grant() noexcept { granted_ = load_ + high_bytes_ / 2; }
  /// True if the next message stays below the limits.
  [[nodiscard]] bool fits(std::uint64_t next) const noexcept {
    const bool alone = load_ <= low_bytes() && load_ + next < hard();
    return alone || load_ + next < std::min(hard(), soft());
  }
  /// True if a buffer of `kept` bytes has room for all that is sent between two measurements.
  [[nodiscard]] bool may_grow(std::uint64_t kept) const noexcept {
    return kept + high_bytes_ < hard() && (kept >= soft() || kept + high_bytes_ < soft());
  }
  /// True if a sender that had to wait may continue.
  [[nodiscard]] bool has_cleared(std::uint64_t next, Time now) const noexcept {
    return load_ <= low_bytes() && load_ + next < hard() && !rests(next, now);
  }
  /// True if Redis must first see the buffer below the soft limit.
  [[nodiscard]] bool rests(std::uint64_t next, Time now) const noexcept {
    return above_since_ && load_ + next >= soft() && now - *above_since_ >= limit_.soft_for / 2;
  }
  /// True if the servers are slow, not Redis.
  [[nodiscard]] bool is_kept() const noexcept { return waiting_ > low_bytes(); }
  [[nodiscard]] std::uint64_t load() const noexcept { return load_; }

 private:
  static constexpr std::uint64_t high_bytes_max = std::uint64_t{4} << 20;
  static constexpr std::chrono::milliseconds rest_time{1'200};

  [[nodiscard]] std::uint64_t hard() const noexcept { return limit_.hard_bytes == 0 ? UINT64_MAX : limit_.hard_bytes; }
  [[nodiscard]] std::uint64_t soft() const noexcept { return limit_.soft_bytes == 0 ? UINT64_MAX : limit_.soft_bytes; }
  [[nodiscard]] std::uint64_t low_bytes() const noexcept { return high_bytes_ / 4; }

  OutputLimit limit_;
  std::uint64_t high_bytes_ = 0;
  std::uint64_t load_ = 0;
  std::uint64_t waiting_ = 0;
  std::uint64_t granted_ = 0;
  std::optional<Time> above_since_;  ///< time since when the soft limit may have been reached
  std::optional<Time> rest_since_;   ///< with `above_since_`: time since when the load is below it again
};

}  // namespace socketio::emitter
