#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace socketio::cli {

/// A hash of the input up to a position: it detects that a checkpoint belongs to other input, and is no protection against an
/// attacker. It does not depend on the pieces in which the input was read.
///
/// Cost       one multiplication for 8 bytes.
class Digest {
 public:
  void add(std::string_view bytes) noexcept {
    while (!bytes.empty() && size_ % word_bytes != 0) {
      add_byte(bytes.front());
      bytes.remove_prefix(1);
    }
    for (; bytes.size() >= word_bytes; bytes.remove_prefix(word_bytes)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), word_bytes);
      if constexpr (std::endian::native == std::endian::big) {
        word = __builtin_bswap64(word);
      }
      hash_ = mixed(hash_ ^ word);
      size_ += word_bytes;
    }
    for (const char byte : bytes) {
      add_byte(byte);
    }
  }

  /// Digest of all bytes so far; never 0, which stands for an unknown digest.
  [[nodiscard]] std::uint64_t value() const noexcept {
    const std::uint64_t value = mixed(mixed(hash_ ^ word_) ^ size_);
    return value == 0 ? 1 : value;
  }

 private:
  static constexpr std::size_t word_bytes = 8;

  static std::uint64_t mixed(std::uint64_t value) noexcept {
    value *= 0x9e3779b97f4a7c15U;  // 2^64 divided by the golden ratio
    return value ^ (value >> 32U);
  }

  void add_byte(char byte) noexcept {
    word_ |= std::uint64_t{static_cast<unsigned char>(byte)} << (size_ % word_bytes * 8);
    if (++size_ % word_bytes == 0) {
      hash_ = mixed(hash_ ^ word_);
      word_ = 0;
    }
  }

  std::uint64_t hash_ = 0;
  std::uint64_t word_ = 0;  ///< the bytes after the last whole word
  std::uint64_t size_ = 0;
};

}  // namespace socketio::cli
