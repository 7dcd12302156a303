#pragma once

#include <cstdint>
#include <string_view>

#include <socketio/common/buffer.hpp>

// Literal text in the glob patterns of Redis.
namespace socketio::glob {

/// Appends text escaped, so that a pattern of PSUBSCRIBE, PUBSUB CHANNELS or SCAN matches it literally.
inline void append_escaped(Buffer& out, std::string_view text) {
  constexpr std::string_view special = "*?[]\\^";
  for (const char character : text) {
    if (special.find(character) != std::string_view::npos) {
      out.push_back('\\');
    }
    out.push_back(static_cast<std::uint8_t>(character));
  }
}

}  // namespace socketio::glob
