#pragma once

#include <socketio/common/language.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace socketio {

/// Borrowed bytes: a payload, a packed value, a part of either.
using Bytes = std::span<const std::uint8_t>;

/// The bytes of a text, borrowed.
inline Bytes as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Bytes as text, borrowed; UTF-8 is not checked.
inline std::string_view as_text(Bytes bytes) noexcept { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

}  // namespace socketio
