#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <socketio/server/frame.hpp>

namespace socketio::server {

/// Frames queued for one client. The first frame may have been written in part.
class FrameQueue {
 public:
  [[nodiscard]] bool empty() const noexcept { return head_ == frames_.size(); }
  [[nodiscard]] std::span<const FrameRef> frames() const noexcept { return std::span(frames_).subspan(head_); }
  /// Bytes that the frames count against the queue limit.
  [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }
  [[nodiscard]] std::size_t front_written() const noexcept { return front_written_; }

  void push(FrameRef frame);
  /// Progress of writing; two marks are equal when nothing was written between them.
  struct Mark {
    FrameRef front;  ///< kept, so that no other frame gets its address
    std::size_t written = 0;
    bool operator==(const Mark& other) const noexcept {
      return front ? other.front && &*front == &*other.front && written == other.written
                   : !other.front && written == other.written;
    }
  };
  [[nodiscard]] Mark mark() const { return {empty() ? FrameRef() : frames_[head_], front_written_}; }
  /// The first `count` frames have been written, and of the next one `written` bytes in all.
  void pop(std::size_t count, std::size_t written = 0);
  /// Drops all but a frame that has been written in part: it must be finished, or the client would misread what follows.
  void drop_unstarted();
  void clear() { pop(frames().size()); }

 private:
  static constexpr std::size_t cost_of_entry = 2 * sizeof(FrameRef);  // the vector grows by doubling
  static constexpr std::size_t kept_capacity = 4;                     // an idle client must not keep memory from busy times

  std::vector<FrameRef> frames_;
  std::size_t size_bytes_ = 0;
  std::uint32_t head_ = 0;
  std::uint32_t front_written_ = 0;
};

}  // namespace socketio::server
