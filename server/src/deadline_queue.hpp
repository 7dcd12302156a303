#pragma once

#include <cstdint>
#include <functional>

#include <socketio/net/loop.hpp>
#include <socketio/net/timer.hpp>

namespace socketio::server {

class DeadlineQueue;

/// A place in a DeadlineQueue: three words, where a timer of its own would be four times that. Whoever has one is a Deadline.
class Deadline {
 public:
  Deadline() noexcept = default;
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { stop(); }

  void stop() noexcept;
  [[nodiscard]] bool waiting() const noexcept { return queue_ != nullptr; }

 private:
  friend class DeadlineQueue;
  DeadlineQueue* queue_ = nullptr;
  Deadline* previous_ = nullptr;
  Deadline* next_ = nullptr;
  std::uint64_t due_ms_ = 0;
};

/// Deadlines that are all the same time away from their start, so that the one started first is due first: a list will do, with
/// one timer for its front. Starting and stopping cost a few instructions, also with thousands in it.
class DeadlineQueue {
 public:
  /// `due`  hears of each deadline once; may start and stop any, and destroy what has one.
  DeadlineQueue(Loop& loop, std::uint64_t delay_ms, std::function<void(Deadline&)> due);
  ~DeadlineQueue();
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;

  /// Forgets an earlier start, here or in another queue.
  void start(Deadline& deadline);

 private:
  friend class Deadline;
  void remove(Deadline& deadline) noexcept;
  void run_due();
  void arm();

  Loop& loop_;
  std::uint64_t delay_ms_;
  std::function<void(Deadline&)> due_;
  Deadline* first_ = nullptr;
  Deadline* last_ = nullptr;
  net::Timer timer_;
};

}  // namespace socketio::server
