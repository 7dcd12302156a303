#pragma once

#include <string_view>

#include <socketio/common/buffer.hpp>

namespace socketio::relaxed_base64 {

/// Decodes base64 text in either alphabet, padded or not, as clients send it, and appends the bytes. Returns false, and leaves
/// `out` unchanged, for any other text.
[[nodiscard]] bool decode(Buffer& out, std::string_view text);

}  // namespace socketio::relaxed_base64
