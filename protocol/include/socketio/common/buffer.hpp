#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>

namespace socketio {

/// Growable byte buffer that encoders append to. It is also a msgpack-c stream (`write`), keeps its memory when cleared, and
/// gives direct write access with reserve(), which the hot paths use.
///
/// Cost       growing doubles the capacity; new bytes are not initialised. Throws std::bad_alloc.
class SOCKETIO_API Buffer {
 public:
  Buffer() noexcept = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  [[nodiscard]] const std::uint8_t* data() const noexcept { return data_; }
  [[nodiscard]] std::uint8_t* data() noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// Views are valid until the next call that appends, or until the buffer is destroyed.
  [[nodiscard]] Bytes bytes() const noexcept { return {data_, size_}; }
  [[nodiscard]] Bytes bytes_from(std::size_t offset) const noexcept { return bytes().subspan(offset); }
  [[nodiscard]] std::string_view text() const noexcept { return as_text(bytes()); }

  /// Ensures space for `count` more bytes and returns the address to write them to. Follow with commit().
  [[nodiscard]] std::uint8_t* reserve(std::size_t count) {
    if (count > capacity_ - size_) [[unlikely]] {
      grow(count);
    }
    return data_ + size_;
  }
  /// Adds `count` bytes, which were written at reserve()'s address, to the buffer.
  void commit(std::size_t count) noexcept { size_ += count; }

  void push_back(std::uint8_t byte) {
    *reserve(1) = byte;
    ++size_;
  }
  void append(const void* data, std::size_t count) {
    if (count != 0) {
      std::memcpy(reserve(count), data, count);
      size_ += count;
    }
  }
  void append(Bytes bytes) { append(bytes.data(), bytes.size()); }
  void append(std::string_view text) { append(text.data(), text.size()); }

  /// msgpack-c's stream concept.
  void write(const char* data, std::size_t count) { append(data, count); }

  /// Inserts `count` uninitialised bytes at `offset`; the bytes from there on move up.
  void insert_gap(std::size_t offset, std::size_t count);
  /// Drops all bytes from `size` on; `size` is at most size().
  void truncate(std::size_t size) noexcept { size_ = size; }
  /// Drops the first `count` bytes; the rest moves to the front.
  void discard_front(std::size_t count) noexcept;
  void clear() noexcept { size_ = 0; }
  /// Clears the content, and frees the memory if the capacity is above `bytes`.
  void clear_and_shrink(std::size_t bytes) noexcept;

 private:
  void grow(std::size_t count);

  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace socketio
