#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/buffer.hpp>

// Repeated members of objects: JavaScript keeps the last value, at the place of the first.
namespace socketio::transcode {

/// Positions of the keys of the objects that are being read, those of inner objects after those of outer ones. Up to
/// `inline_count` keys need no allocation.
class KeyStack {
 public:
  void push(std::size_t offset) {
    if (size_ == capacity_) [[unlikely]] {
      grow();
    }
    keys_[size_++] = offset;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void truncate(std::size_t size) noexcept { size_ = size; }
  [[nodiscard]] const std::size_t* from(std::size_t index) const noexcept { return keys_ + index; }

 private:
  static constexpr std::size_t inline_count = 32;

  void grow() {
    auto larger = std::make_unique<std::size_t[]>(2 * capacity_);
    std::copy_n(keys_, size_, larger.get());
    heap_ = std::move(larger);
    keys_ = heap_.get();
    capacity_ *= 2;
  }

  std::size_t inline_[inline_count];  // not initialised
  std::unique_ptr<std::size_t[]> heap_;
  std::size_t* keys_ = inline_;
  std::size_t size_ = 0;
  std::size_t capacity_ = inline_count;
};

/// True if two of these keys may be equal. Compares three bytes of each key, which is enough for nearly all objects.
inline bool may_repeat(const std::uint8_t* packed, const std::size_t* keys, const std::size_t* end) noexcept {
  std::uint64_t one = 0;
  std::uint64_t other = 0;
  for (; keys != end; ++keys) {
    const std::uint8_t* const item = packed + *keys;
    constexpr std::uint8_t empty = 0xa0;
    // The header, which contains the size of short texts; the first byte; and the last one, or any other byte of long texts.
    const std::uint64_t sign = *item == empty ? 0 : std::uint64_t{item[*item & 0x1f]} << 16 | std::uint64_t{item[1]} << 8 | *item;
    const std::uint64_t hash = sign * 0x9e37'79b9'7f4a'7c15;
    const std::uint64_t bit = std::uint64_t{1} << (hash >> 58);
    const std::uint64_t other_bit = std::uint64_t{1} << (hash >> 52 & 63);
    if ((one & bit) != 0 && (other & other_bit) != 0) {
      return true;
    }
    one |= bit;
    other |= other_bit;
  }
  return false;
}

/// The members that remain of an object with repeated members.
struct Unrepeated {
  struct Member {
    std::size_t key_at;
    std::size_t key_size;
    std::size_t value_at;
    std::size_t value_end;
  };
  std::size_t header = 0;
  std::size_t end = 0;
  std::vector<Member> members;
};

/// Finds the repeated members of the object that has these keys and ends at the end of `packed`. Returns false when there are
/// none.
///
/// Cost       few keys are compared with each other, many are looked up by hash; keys that were made to have equal hashes are
///            sorted. So time is never worse than n log n.
bool find_repeated(std::string_view packed, const std::size_t* keys, std::size_t count, Unrepeated& found);

}  // namespace socketio::transcode
