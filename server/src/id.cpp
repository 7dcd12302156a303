#include <socketio/server/id.hpp>

#include <cstdint>

namespace socketio::server {

Id Id::make(Random& random) {
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<std::uint8_t, size / 4 * 3> bytes{};
  random.fill(bytes);
  Id id;
  for (std::size_t i = 0; i < size / 4; ++i) {
    const unsigned group =
        static_cast<unsigned>(bytes[3 * i]) << 16 | static_cast<unsigned>(bytes[3 * i + 1]) << 8 | bytes[3 * i + 2];
    for (std::size_t j = 0; j < 4; ++j) {
      id.characters_[4 * i + j] = alphabet[group >> (18 - 6 * j) & 63];
    }
  }
  return id;
}

}  // namespace socketio::server
