#pragma once

#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>

// Standard base64 with padding (RFC 4648, section 4), on OpenSSL's libcrypto.
namespace socketio::base64 {

SOCKETIO_API void encode(Buffer& out, Bytes bytes);

/// Appends the bytes. Strict: the alphabet of `+` and `/`, padding required, no white space. Returns false and leaves `out`
/// as it was when the text is anything else.
[[nodiscard]] SOCKETIO_API bool decode(Buffer& out, std::string_view text);

}  // namespace socketio::base64
