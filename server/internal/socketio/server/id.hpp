#pragma once

// For the server's own layers; not installed.

#include <array>
#include <cstddef>
#include <string_view>

#include <socketio/common/random.hpp>

namespace socketio::server {

/// An id that cannot be guessed: 15 random bytes as 20 characters of A-Z a-z 0-9 - _. Session ids, socket ids and private ids.
///
/// Source: docs/wire_server.md, "Handshake".
class Id {
 public:
  static constexpr std::size_t size = 20;

  static Id make(Random& random);
  /// Makes an id that also contains which of `loops` made it: at most 64 loops, which its last character can distinguish.
  static Id make(Random& random, std::size_t loop, std::size_t loops);
  /// The character that names a loop at the end of an id; see loop_of().
  [[nodiscard]] static char character_of(std::size_t loop) noexcept;
  /// Returns which of `loops` made it. An arbitrary loop when `text` is no such id.
  [[nodiscard]] static std::size_t loop_of(std::string_view text, std::size_t loops) noexcept;
  [[nodiscard]] std::string_view text() const noexcept { return {characters_.data(), characters_.size()}; }

 private:
  std::array<char, size> characters_{};
};

}  // namespace socketio::server
