#include <socketio/server/id.hpp>

#include <cstdint>

namespace socketio::server {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

Id Id::make(Random& random) {
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

/// Encodes the loop as the remainder of the last character's index: only as many of its six bits as needed are no longer
/// random.
Id Id::make(Random& random, std::size_t loop, std::size_t loops) {
  Id id = make(random);
  const std::size_t position = alphabet.find(id.characters_.back());
  const std::size_t rest = position - position % loops + loop;
  id.characters_.back() = alphabet[rest < alphabet.size() ? rest : loop];
  return id;
}

char Id::character_of(std::size_t loop) noexcept { return alphabet[loop % alphabet.size()]; }

std::size_t Id::loop_of(std::string_view text, std::size_t loops) noexcept {
  const std::size_t position = text.empty() ? std::string_view::npos : alphabet.find(text.back());
  return position == std::string_view::npos ? 0 : position % loops;
}

}  // namespace socketio::server
