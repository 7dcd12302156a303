#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

#include "output_queue.hpp"

namespace socketio::redis {

/// Bytes that a connection writes: control bytes first (log-in, subscription commands, PING), which are lost with it, then the
/// commands of the queue, which are not.
///
/// A write that the system takes partly is followed by one that it takes later. Only the rest of one command goes there: all
/// commands after it can still be withdrawn.
class Writer {
 public:
  Writer(std::size_t queue_bytes_max, std::size_t in_flight_max) noexcept
      : queue_bytes_max_(queue_bytes_max), in_flight_max_(in_flight_max) {}

  /// Append to it; never while commands are in flight.
  [[nodiscard]] Buffer& control() noexcept { return control_; }
  [[nodiscard]] bool has_control() const noexcept { return control_.size() != control_taken_; }
  [[nodiscard]] OutputQueue& queue() noexcept { return queue_; }
  [[nodiscard]] const OutputQueue& queue() const noexcept { return queue_; }
  /// True if a command of this size may join the queue. One may always, so that a large one is not refused for ever.
  [[nodiscard]] bool fits(std::size_t size) const noexcept {
    return queue_.waiting_count() == 0 ||
           (queue_.waiting_bytes() <= queue_bytes_max_ && size <= queue_bytes_max_ - queue_.waiting_bytes());
  }

  /// Fills `parts` with the bytes to write next, and returns their number.
  ///
  /// `with_commands`  commands may be written, too
  std::size_t gather(std::span<Bytes> parts, bool with_commands) noexcept;
  /// The system has taken `bytes` of what gather() returned. Returns the bytes to be taken later; empty when it took all.
  [[nodiscard]] Bytes took(std::size_t bytes, std::uint64_t now_ms);
  /// `bytes` of what took() returned wait for the system.
  void hold(std::size_t bytes) noexcept;
  [[nodiscard]] bool is_holding() const noexcept { return held_ != 0; }
  /// True if a part of a command waits for the system.
  [[nodiscard]] bool holds_command() const noexcept { return held_ != 0 && !is_control_; }
  /// The system has taken them.
  void took_held(std::uint64_t now_ms);

  /// The connection is lost: a command that was not taken completely waits for the next one.
  void connection_ended() noexcept;

 private:
  void took_control(std::size_t bytes) noexcept;

  std::size_t queue_bytes_max_;
  std::size_t in_flight_max_;
  OutputQueue queue_;
  Buffer control_;
  std::size_t control_taken_ = 0;
  bool is_control_ = false;  ///< the newest write was of control bytes
  std::size_t wanted_ = 0;   ///< bytes that gather() returned
  std::size_t held_ = 0;
};

}  // namespace socketio::redis
