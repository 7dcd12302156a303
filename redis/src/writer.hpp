#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/redis/types.hpp>

#include "ring.hpp"

namespace socketio::redis {

/// A command, from when it is issued until it completes.
struct Entry {
  PublishListener* listener = nullptr;  ///< null for commands other than publishes
  std::uint64_t tag = 0;                ///< the caller's; for other commands, the index of the callback
  std::size_t size = 0;                 ///< encoded size in bytes
  std::uint64_t written_ms = 0;         ///< time at which the system had taken all of it
};

/// Commands to be written to Redis, and commands that it has not answered yet.
///
///   in flight (wholly taken by the system) | first waiting one, maybe partly taken | waiting
///
/// The bytes of a command are kept until the system has taken all of them. A command whose last byte was never passed to the
/// system cannot have been executed, so when the connection is lost, rewind() restores it for the next connection.
///
/// Bytes lie in chunks that never move, and each command within one chunk.
class OutputQueue {
 public:
  /// Returns room for one command of `size` bytes. Follow with commit().
  ///
  /// Cost       no allocation once enough chunks are kept.
  [[nodiscard]] std::uint8_t* reserve(std::size_t size) {
    if (chunks_.empty() || size > chunks_.back().capacity - chunks_.back().end) [[unlikely]] {
      add_chunk(size);
    }
    return chunks_.back().data.get() + chunks_.back().end;
  }
  void commit(PublishListener* listener, std::uint64_t tag, std::size_t size) {
    waiting_.push_back({listener, tag, size, 0});
    chunks_.back().end += size;
    waiting_bytes_ += size;
  }

  [[nodiscard]] std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }
  [[nodiscard]] std::size_t waiting_count() const noexcept { return waiting_.size(); }
  [[nodiscard]] std::size_t in_flight_count() const noexcept { return in_flight_.size(); }
  [[nodiscard]] bool empty() const noexcept { return waiting_.empty() && in_flight_.empty(); }
  /// True if the system has taken a part of the first waiting command, or may take one at any time.
  [[nodiscard]] bool started() const noexcept { return first_taken_ != 0 || first_held_; }

  /// Fills `parts` with the bytes to write next, of at most `commands_max` commands. Returns the number of parts.
  std::size_t gather(std::span<Bytes> parts, std::size_t commands_max) noexcept;
  /// The bytes of the first waiting command that are left.
  [[nodiscard]] Bytes first_rest() noexcept;
  /// Records that a part of the first waiting command was passed to write_later(), so that the system may take it at any time.
  /// Call took() when it has.
  void hold_first() noexcept { first_held_ = true; }
  /// Records that the system has taken `bytes` more. Commands that are complete now are in flight.
  void took(std::size_t bytes, std::uint64_t now_ms);

  /// True if the oldest waiting command is a publish.
  [[nodiscard]] bool next_is_publish() noexcept { return waiting_.size() != 0 && waiting_.front().listener != nullptr; }
  /// The oldest command in flight. Precondition: there is one.
  [[nodiscard]] const Entry& oldest_in_flight() noexcept { return in_flight_.front(); }
  Entry pop_in_flight() noexcept { return in_flight_.pop_front(); }
  /// The connection is lost: a command that was partly taken starts from its first byte again.
  void rewind() noexcept;
  /// True if pop_waiting() would find a command.
  [[nodiscard]] bool can_pop_waiting() const noexcept { return waiting_.size() > (started() ? 1U : 0U); }
  /// Removes and returns the oldest command of which the system has taken nothing.
  Entry pop_waiting();

 private:
  struct Chunk {
    std::unique_ptr<std::uint8_t[]> data;
    std::size_t capacity = 0;
    std::size_t begin = 0;  ///< start of the first command that the system has not taken completely
    std::size_t end = 0;
  };

  void add_chunk(std::size_t size);
  void drop_front_bytes(std::size_t size);
  void set_first_apart();

  Ring<Chunk> chunks_;  ///< none is empty, except possibly the last
  std::vector<Chunk> spare_;
  Chunk large_spare_;
  Ring<Entry> in_flight_;
  Ring<Entry> waiting_;
  std::size_t first_taken_ = 0;  ///< bytes of the first waiting command that the system has taken
  bool first_held_ = false;
  std::size_t waiting_bytes_ = 0;
};

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
