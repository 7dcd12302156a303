#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace socketio::server {

/// Bytes that a posted operation counts in a backlog, besides its event.
constexpr std::size_t posting_bytes = 512;

/// Counts the bytes that other loops have posted to one loop and that it has not handled yet: limited, so that a loop that is
/// busy for long does not use all memory. For all threads.
class Backlog {
 public:
  explicit Backlog(std::size_t bytes_max) noexcept : bytes_max_(bytes_max) {}

  /// Returns false, and adds nothing, when the limit is exceeded already. One posting is always accepted, however large.
  [[nodiscard]] bool try_add(std::size_t bytes) noexcept {
    if (bytes_ > bytes_max_) {
      return false;
    }
    bytes_ += bytes;
    return true;
  }
  /// Waits until the count is within the limit, then adds.
  void add(std::size_t bytes) {
    if (!try_add(bytes)) {
      wait();
      bytes_ += bytes;
    }
  }
  /// Removes bytes that the loop has handled.
  void done(std::size_t bytes) {
    bytes_ -= bytes;
    if (waiting_ != 0 && bytes_ <= bytes_max_) {
      const std::lock_guard guard(lock_);
      room_.notify_all();
    }
  }
  /// Releases all waiting threads, now and later: the loop handles nothing any more.
  void give_up() {
    const std::lock_guard guard(lock_);
    given_up_ = true;
    room_.notify_all();
  }

 private:
  void wait() {
    std::unique_lock guard(lock_);
    ++waiting_;
    room_.wait(guard, [this] { return given_up_ || bytes_ <= bytes_max_; });
    --waiting_;
  }

  const std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_ = 0;
  std::atomic<std::size_t> waiting_ = 0;
  std::mutex lock_;
  std::condition_variable room_;
  bool given_up_ = false;
};

}  // namespace socketio::server
