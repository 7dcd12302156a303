#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <socketio/protocol/websocket_frame.hpp>

namespace socketio::websocket_frame {

/// Copies `size` bytes and applies the mask to each (xor). `offset` is the position of the first byte in the payload. `to` and
/// `from` may be the same. Eight bytes at a time.
inline void apply_mask(std::uint8_t* to, const std::uint8_t* from, std::size_t size, const Mask& mask,
                       std::uint64_t offset) noexcept {
  std::uint8_t turned[8];
  for (std::size_t i = 0; i < sizeof turned; ++i) {
    turned[i] = mask[(offset + i) % mask.size()];
  }
  std::uint64_t mask_word;
  std::memcpy(&mask_word, turned, sizeof mask_word);
  std::size_t i = 0;
  for (; size - i >= sizeof mask_word; i += sizeof mask_word) {
    std::uint64_t word;
    std::memcpy(&word, from + i, sizeof word);
    word ^= mask_word;
    std::memcpy(to + i, &word, sizeof word);
  }
  for (; i < size; ++i) {
    to[i] = static_cast<std::uint8_t>(from[i] ^ turned[i % sizeof turned]);
  }
}

}  // namespace socketio::websocket_frame
