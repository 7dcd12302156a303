#pragma once

#include <string_view>

#include <socketio/common/buffer.hpp>

namespace socketio::relaxed_base64 {

/// Appends the bytes of base64 text in either alphabet, padded or not, as clients send it. Anything else in the text: returns
/// false and leaves `out` as it was.
[[nodiscard]] bool decode(Buffer& out, std::string_view text);

}  // namespace socketio::relaxed_base64
