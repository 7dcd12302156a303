#include <socketio/protocol/ids.hpp>

#include <array>
#include <string_view>

namespace socketio::ids {

std::string make_short(std::span<const std::uint8_t, short_size> random) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  static_assert(alphabet.size() == 64);
  std::string id;
  for (const std::uint8_t byte : random) {
    id += alphabet[byte % 64];
  }
  return id;
}

std::string make_hex(std::span<const std::uint8_t, hex_size / 2> random) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  for (const std::uint8_t byte : random) {
    id += digits[byte >> 4];
    id += digits[byte & 0x0f];
  }
  return id;
}

std::string make_short(Random& random) {
  std::array<std::uint8_t, short_size> bytes{};
  random.fill(bytes);
  return make_short(bytes);
}

std::string make_hex(Random& random) {
  std::array<std::uint8_t, hex_size / 2> bytes{};
  random.fill(bytes);
  return make_hex(bytes);
}

}  // namespace socketio::ids
