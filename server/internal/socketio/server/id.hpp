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
  [[nodiscard]] std::string_view text() const noexcept { return {characters_.data(), characters_.size()}; }

 private:
  std::array<char, size> characters_{};
};

}  // namespace socketio::server
