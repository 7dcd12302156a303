#include "slot.hpp"

#include <array>
#include <cstddef>

namespace socketio::redis {
namespace {

constexpr std::array<std::uint16_t, 256> make_table() noexcept {
  std::array<std::uint16_t, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t remainder = static_cast<std::uint32_t>(byte) << 8U;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = (remainder << 1U) ^ ((remainder & 0x8000U) != 0 ? 0x1021U : 0U);
    }
    table[byte] = static_cast<std::uint16_t>(remainder & 0xffffU);
  }
  return table;
}

constexpr std::array<std::uint16_t, 256> table = make_table();

}  // namespace

std::uint16_t crc16(std::string_view bytes) noexcept {
  std::uint32_t remainder = 0;
  for (const char byte : bytes) {
    const std::uint32_t index = (remainder >> 8U) ^ static_cast<std::uint8_t>(byte);
    remainder = ((remainder << 8U) & 0xffffU) ^ table[index];
  }
  return static_cast<std::uint16_t>(remainder);
}

std::uint16_t slot_of(std::string_view key) noexcept {
  if (const std::size_t open = key.find('{'); open != std::string_view::npos) {
    const std::size_t close = key.find('}', open + 1);
    if (close != std::string_view::npos && close != open + 1) {
      key = key.substr(open + 1, close - open - 1);
    }
  }
  return crc16(key) % slot_count;
}

}  // namespace socketio::redis
