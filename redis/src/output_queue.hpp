#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/redis/client.hpp>

#include "ring.hpp"

namespace socketio::redis {

/// One command, from when it is given until it has ended.
struct Entry {
  PublishListener* listener = nullptr;  ///< null for a command of another kind
  std::uint64_t tag = 0;                ///< the caller's; for another kind, where its callback is kept
  std::size_t size = 0;                 ///< encoded
  std::uint64_t written_ms = 0;         ///< when the system had taken all of it
};

/// Commands on their way to Redis, and those it has not answered yet.
///
///   in flight (wholly taken by the system) | first waiting one, maybe partly taken | waiting
///
/// The bytes of a command are kept until the system has taken all of them. A command whose end was never handed over cannot
/// have been executed, so when the connection ends, rewind() makes it whole again for the next one.
///
/// Bytes lie in chunks that never move, a command always within one chunk.
class OutputQueue {
 public:
  /// Room for one command of `size` bytes. Follow with commit().
  ///
  /// Cost       no allocation once as many chunks are kept as are usually full.
  [[nodiscard]] std::uint8_t* reserve(std::size_t size);
  void commit(PublishListener* listener, std::uint64_t tag, std::size_t size);

  [[nodiscard]] std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }
  [[nodiscard]] std::size_t waiting_count() const noexcept { return waiting_.size(); }
  [[nodiscard]] std::size_t in_flight_count() const noexcept { return in_flight_.size(); }
  [[nodiscard]] bool empty() const noexcept { return waiting_.empty() && in_flight_.empty(); }
  /// The system has taken a part of the first waiting command, or is about to.
  [[nodiscard]] bool started() const noexcept { return first_taken_ != 0 || first_held_; }

  /// Fills `parts` with what is to be written next, of at most `commands_max` commands. Returns how many parts there are.
  std::size_t gather(std::span<Bytes> parts, std::size_t commands_max) noexcept;
  /// What is left of the first waiting command.
  [[nodiscard]] Bytes first_rest() noexcept;
  /// A part of the first waiting command was handed over to be taken whenever the system likes. took() tells when it has.
  void hold_first() noexcept { first_held_ = true; }
  /// The system has taken `bytes` more. What is whole now is in flight.
  void took(std::size_t bytes, std::uint64_t now_ms);

  /// True when the oldest of what waits is a publish.
  [[nodiscard]] bool next_is_publish() noexcept { return waiting_.size() != 0 && waiting_.front().listener != nullptr; }
  /// The oldest command in flight. Precondition: there is one.
  [[nodiscard]] const Entry& oldest_in_flight() noexcept { return in_flight_.front(); }
  Entry pop_in_flight() noexcept { return in_flight_.pop_front(); }
  /// The connection is gone: what was partly taken begins anew.
  void rewind() noexcept;
  /// True when pop_waiting() would find one.
  [[nodiscard]] bool can_pop_waiting() const noexcept { return waiting_.size() > (started() ? 1U : 0U); }
  /// Takes the oldest command of which the system has taken nothing out of the queue.
  Entry pop_waiting();

 private:
  struct Chunk {
    std::unique_ptr<std::uint8_t[]> data;
    std::size_t capacity = 0;
    std::size_t begin = 0;  ///< of the first command that is not whole with the system
    std::size_t end = 0;
  };

  void add_chunk(std::size_t size);
  void drop_front_bytes(std::size_t size);
  void set_first_apart();

  Ring<Chunk> chunks_;  ///< never one that is empty, but for the last
  std::vector<Chunk> spare_;
  Chunk large_spare_;
  Ring<Entry> in_flight_;
  Ring<Entry> waiting_;
  std::size_t first_taken_ = 0;  ///< bytes of the first waiting command that the system has taken
  bool first_held_ = false;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace socketio::redis
