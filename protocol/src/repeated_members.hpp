#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/buffer.hpp>

// Repeated members of objects, of which JavaScript keeps the last value at the first one's place.
namespace socketio::transcode {

/// The keys of the objects that are being read, those of inner objects behind those of outer ones. Few keys need no memory of
/// their own.
class KeyStack {
 public:
  struct Key {
    std::uint64_t sign = 0;  ///< the first bytes of its msgpack: of equal keys equal
    std::size_t offset = 0;  ///< where its msgpack begins
  };

  void push(const Key& key) {
    if (size_ == capacity_) [[unlikely]] {
      grow();
    }
    keys_[size_++] = key;
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void truncate(std::size_t size) noexcept { size_ = size; }
  [[nodiscard]] const Key* from(std::size_t index) const noexcept { return keys_ + index; }

 private:
  static constexpr std::size_t inline_count = 32;

  void grow() {
    auto larger = std::make_unique<Key[]>(2 * capacity_);
    std::copy_n(keys_, size_, larger.get());
    heap_ = std::move(larger);
    keys_ = heap_.get();
    capacity_ *= 2;
  }

  Key inline_[inline_count];
  std::unique_ptr<Key[]> heap_;
  Key* keys_ = inline_;
  std::size_t size_ = 0;
  std::size_t capacity_ = inline_count;
};

/// The first bytes of the msgpack text that begins at `start` and ends the buffer.
inline std::uint64_t sign_of(Buffer& out, std::size_t start) {
  std::uint64_t sign = 0;
  const std::size_t size = out.size() - start;
  if constexpr (std::endian::native == std::endian::little) {
    static_cast<void>(out.reserve(sizeof sign));  // what is read too much is there, and masked
    std::memcpy(&sign, out.data() + start, sizeof sign);
    return size >= sizeof sign ? sign : sign & ((std::uint64_t{1} << (8 * size)) - 1);
  }
  std::memcpy(&sign, out.data() + start, std::min(size, sizeof sign));
  return sign;
}

/// An object that has repeated members: what is left of it.
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

/// Finds repeated members of an object whose keys these are, and which ends where `packed` does. Returns false when there are
/// none.
///
/// Cost       few keys are compared with each other, many are looked up by hash; keys that were made to have equal hashes are
///            sorted. So time is never worse than n log n.
bool find_repeated(std::string_view packed, const KeyStack::Key* keys, std::size_t count, Unrepeated& found);

}  // namespace socketio::transcode
