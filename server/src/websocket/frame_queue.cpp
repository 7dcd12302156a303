#include "frame_queue.hpp"

#include <utility>

namespace socketio::server {

void FrameQueue::push(FrameRef frame) {
  size_bytes_ += frame->cost_bytes() + cost_of_entry;
  frames_.push_back(std::move(frame));
}

void FrameQueue::pop(std::size_t count, std::size_t written) {
  for (std::size_t i = 0; i < count; ++i) {
    FrameRef& frame = frames_[head_++];
    size_bytes_ -= frame->cost_bytes() + cost_of_entry;
    frame = FrameRef();
  }
  front_written_ = static_cast<std::uint32_t>(written);
  if (head_ == frames_.size()) {
    head_ = 0;
    frames_.clear();
    if (frames_.capacity() > kept_capacity) {
      frames_.shrink_to_fit();
    }
  } else if (head_ > frames_.size() / 2) {  // each frame moves once per halving: constant per frame
    frames_.erase(frames_.begin(), frames_.begin() + head_);
    head_ = 0;
  }
}

void FrameQueue::drop_unstarted() {
  if (front_written_ == 0) {
    clear();
    return;
  }
  FrameRef front = frames_[head_];
  const std::size_t written = front_written_;
  clear();
  push(std::move(front));
  front_written_ = static_cast<std::uint32_t>(written);
}

}  // namespace socketio::server
