#include "deadline_queue.hpp"

#include <algorithm>
#include <utility>

namespace socketio::server {

void QueuedDeadline::stop() noexcept {
  if (queue_ != nullptr) {
    queue_->remove(*this);
  }
}

DeadlineQueue::DeadlineQueue(Loop& loop, std::uint64_t delay_ms, std::function<void(QueuedDeadline&)> due)
    : loop_(loop), delay_ms_(std::max<std::uint64_t>(delay_ms, 1)), due_(std::move(due)), timer_(loop, [this] { run_due(); }) {}

DeadlineQueue::~DeadlineQueue() {
  while (first_ != nullptr) {
    remove(*first_);
  }
}

void DeadlineQueue::start(QueuedDeadline& deadline) {
  deadline.stop();
  deadline.due_ms_ = net::fresh_now_ms(loop_) + delay_ms_;
  deadline.queue_ = this;
  deadline.previous_ = last_;
  deadline.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &deadline;
  last_ = &deadline;
  if (!timer_.active()) {
    arm();
  }
}

/// Leaves the timer running unless the list is empty now: when it fires too early, it is started again.
void DeadlineQueue::remove(QueuedDeadline& deadline) noexcept {
  (deadline.previous_ != nullptr ? deadline.previous_->next_ : first_) = deadline.next_;
  (deadline.next_ != nullptr ? deadline.next_->previous_ : last_) = deadline.previous_;
  deadline.queue_ = nullptr;
  if (first_ == nullptr) {
    timer_.stop();
  }
}

void DeadlineQueue::run_due() {
  const std::uint64_t now = net::fresh_now_ms(loop_);
  while (first_ != nullptr && first_->due_ms_ <= now) {  // those that are started meanwhile are due later
    QueuedDeadline& deadline = *first_;
    remove(deadline);
    due_(deadline);
  }
  if (first_ != nullptr) {
    arm();
  }
}

void DeadlineQueue::arm() {
  const std::uint64_t now = net::fresh_now_ms(loop_);
  timer_.start(first_->due_ms_ > now ? first_->due_ms_ - now : 0);
}

}  // namespace socketio::server
