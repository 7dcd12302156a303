#include <socketio/common/buffer.hpp>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <new>
#include <utility>

namespace socketio {

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

Buffer::~Buffer() { std::free(data_); }

void Buffer::grow(std::size_t count) {
  if (count > std::numeric_limits<std::size_t>::max() / 2 - size_) {
    throw std::bad_alloc();
  }
  const std::size_t wanted = std::max({size_ + count, capacity_ * 2, std::size_t{256}});
  void* const moved = std::realloc(data_, wanted);
  if (moved == nullptr) {
    throw std::bad_alloc();
  }
  data_ = static_cast<std::uint8_t*>(moved);
  capacity_ = wanted;
}

void Buffer::insert_gap(std::size_t offset, std::size_t count) {
  static_cast<void>(reserve(count));
  std::memmove(data_ + offset + count, data_ + offset, size_ - offset);
  size_ += count;
}

void Buffer::discard_front(std::size_t count) noexcept {
  if (count != 0) {
    std::memmove(data_, data_ + count, size_ - count);
    size_ -= count;
  }
}

void Buffer::clear_and_shrink(std::size_t bytes) noexcept {
  size_ = 0;
  if (capacity_ > bytes) {
    std::free(std::exchange(data_, nullptr));
    capacity_ = 0;
  }
}

}  // namespace socketio
