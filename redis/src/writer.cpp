#include "writer.hpp"

#include <utility>

namespace socketio::redis {

std::size_t Writer::gather(std::span<Bytes> parts, bool with_commands) noexcept {
  std::size_t count = 0;
  is_control_ = has_control();
  if (is_control_) {
    parts[count++] = control_.bytes_from(control_taken_);
  } else if (with_commands && queue_.in_flight_count() < in_flight_max_) {
    count = queue_.gather(parts, in_flight_max_ - queue_.in_flight_count());
  }
  wanted_ = 0;
  for (const Bytes part : parts.first(count)) {
    wanted_ += part.size();
  }
  return count;
}

Bytes Writer::took(std::size_t bytes, std::uint64_t now_ms) {
  if (is_control_) {
    took_control(bytes);
  } else {
    queue_.took(bytes, now_ms);
  }
  return bytes == wanted_ ? Bytes() : is_control_ ? control_.bytes_from(control_taken_) : queue_.first_rest();
}

void Writer::hold(std::size_t bytes) noexcept {
  held_ = bytes;
  if (holds_command()) {
    queue_.hold_first();
  }
}

void Writer::took_held(std::uint64_t now_ms) {
  const std::size_t bytes = std::exchange(held_, 0);
  if (is_control_) {
    took_control(bytes);
  } else {
    queue_.took(bytes, now_ms);
  }
}

void Writer::took_control(std::size_t bytes) noexcept {
  control_taken_ += bytes;
  if (!has_control()) {
    control_.clear();
    control_taken_ = 0;
  }
}

void Writer::connection_ended() noexcept {
  held_ = 0;
  control_.clear_and_shrink(64 * 1024);
  control_taken_ = 0;
  queue_.rewind();
}

}  // namespace socketio::redis
