#pragma once

#include <cstdint>
#include <functional>

#include <socketio/net/loop.hpp>
#include <socketio/net/timer.hpp>

namespace socketio::server {

class DeadlineQueue;

/// Entry in a DeadlineQueue, a few words in size, where a timer of its own would be several times that. A type that has a
/// deadline derives from it.
class QueuedDeadline {
 public:
  QueuedDeadline() noexcept = default;
  QueuedDeadline(const QueuedDeadline&) = delete;
  QueuedDeadline& operator=(const QueuedDeadline&) = delete;
  ~QueuedDeadline() { stop(); }

  void stop() noexcept;
  [[nodiscard]] bool waiting() const noexcept { return queue_ != nullptr; }

 private:
  friend class DeadlineQueue;
  DeadlineQueue* queue_ = nullptr;
  QueuedDeadline* previous_ = nullptr;
  QueuedDeadline* next_ = nullptr;
  std::uint64_t due_ms_ = 0;
};

/// Deadlines that are all the same time away from their start, so that the one started first is due first: a list is enough,
/// with one timer for its front. Starting and stopping cost a few instructions, also with thousands in it.
class DeadlineQueue {
 public:
  /// `due`  called for each deadline once; may start and stop any, and destroy objects that have one.
  DeadlineQueue(Loop& loop, std::uint64_t delay_ms, std::function<void(QueuedDeadline&)> due);
  ~DeadlineQueue();
  DeadlineQueue(const DeadlineQueue&) = delete;
  DeadlineQueue& operator=(const DeadlineQueue&) = delete;

  [[nodiscard]] bool has(const QueuedDeadline& deadline) const noexcept { return deadline.queue_ == this; }
  /// Starts a deadline, instead of an earlier start in this or another queue.
  void start(QueuedDeadline& deadline);

 private:
  friend class QueuedDeadline;
  void remove(QueuedDeadline& deadline) noexcept;
  void run_due();
  void arm();

  Loop& loop_;
  std::uint64_t delay_ms_;
  std::function<void(QueuedDeadline&)> due_;
  QueuedDeadline* first_ = nullptr;
  QueuedDeadline* last_ = nullptr;
  net::Timer timer_;
};

}  // namespace socketio::server
