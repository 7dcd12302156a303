#pragma once

#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>

namespace socketio::redis {

/// A ring buffer: a queue in one block of memory, which doubles when it is full. Unlike std::deque it allocates nothing once it
/// is large enough.
template <typename T>
class Ring {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return tail_ - head_; }
  [[nodiscard]] bool empty() const noexcept { return tail_ == head_; }
  [[nodiscard]] T& operator[](std::size_t index) noexcept {
    assert(index < size());
    return items_[(head_ + index) & (capacity_ - 1)];
  }
  [[nodiscard]] T& front() noexcept { return (*this)[0]; }
  [[nodiscard]] T& back() noexcept { return (*this)[size() - 1]; }

  void push_back(T item) {
    if (size() == capacity_) [[unlikely]] {
      grow();
    }
    items_[tail_++ & (capacity_ - 1)] = std::move(item);
  }
  void push_front(T item) {
    if (size() == capacity_) {
      grow();
    }
    items_[--head_ & (capacity_ - 1)] = std::move(item);
  }
  T pop_front() noexcept {
    assert(!empty());
    return std::move(items_[head_++ & (capacity_ - 1)]);
  }
  T pop_back() noexcept {
    assert(!empty());
    return std::move(items_[--tail_ & (capacity_ - 1)]);
  }

 private:
  void grow() {
    const std::size_t capacity = capacity_ == 0 ? 64 : capacity_ * 2;
    auto items = std::make_unique<T[]>(capacity);
    const std::size_t count = size();
    for (std::size_t index = 0; index < count; ++index) {
      items[index] = std::move((*this)[index]);
    }
    items_ = std::move(items);
    capacity_ = capacity;
    head_ = 0;
    tail_ = count;
  }

  std::unique_ptr<T[]> items_;
  std::size_t capacity_ = 0;  ///< a power of two
  std::size_t head_ = 0;      ///< never reset while in use; the index is the remainder by `capacity_`
  std::size_t tail_ = 0;
};

}  // namespace socketio::redis
