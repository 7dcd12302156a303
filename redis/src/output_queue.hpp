#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

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
  [[nodiscard]] std::uint8_t* reserve(std::size_t size);
  void commit(PublishListener* listener, std::uint64_t tag, std::size_t size);

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

}  // namespace socketio::redis
