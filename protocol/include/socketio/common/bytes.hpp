#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace socketio {

/// Borrowed bytes: a payload, a packed value, a part of either.
using Bytes = std::span<const std::uint8_t>;

/// The same bytes seen as bytes.
inline Bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The same bytes seen as text; nothing is checked.
inline std::string_view as_text(Bytes bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace socketio
