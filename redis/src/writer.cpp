#include "writer.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace socketio::redis {
namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;
/// Maximum number of empty chunks kept for reuse.
constexpr std::size_t spare_max = 8;
/// Maximum size of the one chunk of a large command that is kept for reuse. (Freeing and allocating it costs a page fault for
/// every 4 KB: a seventh of the cost of a response of 500 KB.)
constexpr std::size_t large_spare_bytes_max = std::size_t{1} << 20;

}  // namespace

void OutputQueue::add_chunk(std::size_t size) {
  if (!chunks_.empty() && chunks_.back().begin == chunks_.back().end) {
    chunks_.pop_back();
  }
  if (size <= chunk_bytes && !spare_.empty()) {
    chunks_.push_back(std::move(spare_.back()));
    spare_.pop_back();
    return;
  }
  if (size > chunk_bytes && size <= large_spare_.capacity) {
    chunks_.push_back(std::exchange(large_spare_, {}));
    return;
  }
  const std::size_t capacity = std::max(size, chunk_bytes);
  chunks_.push_back({std::unique_ptr<std::uint8_t[]>(new std::uint8_t[capacity]), capacity, 0, 0});
}

std::size_t OutputQueue::gather(std::span<Bytes> parts, std::size_t commands_max) noexcept {
  std::size_t allowed = waiting_bytes_;
  if (commands_max < waiting_.size()) {
    allowed = 0;
    for (std::size_t index = 0; index < commands_max; ++index) {
      allowed += waiting_[index].size;
    }
    allowed -= std::min(allowed, first_taken_);
  }
  std::size_t count = 0;
  std::size_t skip = first_taken_;
  for (std::size_t index = 0; index < chunks_.size() && count < parts.size() && allowed != 0; ++index) {
    const Chunk& chunk = chunks_[index];
    const std::size_t size = std::min(chunk.end - chunk.begin - skip, allowed);
    if (size != 0) {
      parts[count++] = {chunk.data.get() + chunk.begin + skip, size};
      allowed -= size;
    }
    skip = 0;
  }
  return count;
}

Bytes OutputQueue::first_rest() noexcept {
  if (waiting_.empty()) {
    return {};
  }
  const Chunk& chunk = chunks_.front();
  return {chunk.data.get() + chunk.begin + first_taken_, waiting_.front().size - first_taken_};
}

void OutputQueue::took(std::size_t bytes, std::uint64_t now_ms) {
  assert(bytes <= waiting_bytes_);
  waiting_bytes_ -= bytes;
  first_taken_ += bytes;
  first_held_ = false;
  while (!waiting_.empty() && first_taken_ >= waiting_.front().size) {
    Entry whole = waiting_.pop_front();
    first_taken_ -= whole.size;
    drop_front_bytes(whole.size);
    whole.written_ms = now_ms;
    in_flight_.push_back(whole);
  }
}

void OutputQueue::drop_front_bytes(std::size_t size) {
  Chunk& chunk = chunks_.front();
  chunk.begin += size;
  if (chunk.begin != chunk.end) {
    return;
  }
  if (chunk.capacity == chunk_bytes) {
    chunk.begin = 0;
    chunk.end = 0;
    if (chunks_.size() == 1) {
      return;  // the next command goes here
    }
    if (spare_.size() < spare_max) {
      spare_.push_back(std::move(chunk));
    }
  } else if (chunk.capacity <= large_spare_bytes_max && chunk.capacity > large_spare_.capacity) {
    large_spare_ = {std::move(chunk.data), chunk.capacity, 0, 0};
  }
  chunks_.pop_front();
}

void OutputQueue::rewind() noexcept {
  waiting_bytes_ += first_taken_;
  first_taken_ = 0;
  first_held_ = false;
}

Entry OutputQueue::pop_waiting() {
  assert(can_pop_waiting());
  if (!started()) {
    const Entry entry = waiting_.pop_front();
    waiting_bytes_ -= entry.size;
    drop_front_bytes(entry.size);
    return entry;
  }
  // Removes the second command; its bytes follow those of the first.
  set_first_apart();
  const Entry first = waiting_.pop_front();
  const Entry entry = std::exchange(waiting_.front(), first);
  waiting_bytes_ -= entry.size;
  Chunk first_chunk = chunks_.pop_front();
  drop_front_bytes(entry.size);
  chunks_.push_front(std::move(first_chunk));
  return entry;
}

/// Moves the bytes of the first waiting command into a chunk of its own.
void OutputQueue::set_first_apart() {
  const std::size_t size = waiting_.front().size;
  if (chunks_.front().end - chunks_.front().begin == size) {
    return;
  }
  Chunk apart{std::unique_ptr<std::uint8_t[]>(new std::uint8_t[size]), size, 0, size};
  std::memcpy(apart.data.get(), chunks_.front().data.get() + chunks_.front().begin, size);
  drop_front_bytes(size);
  chunks_.push_front(std::move(apart));
}

// ---- the writer ------------------------------------------------------------------------------------------------------------

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
