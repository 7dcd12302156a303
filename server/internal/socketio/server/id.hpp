#pragma once

// For the server's own layers; not installed.

#include <array>
#include <cstddef>
#include <string_view>

#include <socketio/common/random.hpp>

namespace socketio::server {

/// A name that nobody can guess: 15 random bytes as 20 characters of A-Z a-z 0-9 - _. Session ids, socket ids and private ids.
///
/// Source: docs/wire_server.md, "Handshake".
class Id {
 public:
  static constexpr std::size_t size = 20;

  static Id make(Random& random);
  /// The same, and it tells which of `loops` made it: those at most that its last character can tell apart, 64.
  static Id make(Random& random, std::size_t loop, std::size_t loops);
  /// Which of `loops` made it. Some loop or other when `text` is no such id.
  [[nodiscard]] static std::size_t loop_of(std::string_view text, std::size_t loops) noexcept;
  [[nodiscard]] std::string_view text() const noexcept { return {characters_.data(), characters_.size()}; }

 private:
  std::array<char, size> characters_{};
};

}  // namespace socketio::server
