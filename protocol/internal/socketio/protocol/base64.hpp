#pragma once

#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

// Standard base64 with padding (RFC 4648, section 4), on OpenSSL's libcrypto.
namespace socketio::base64 {

void encode(Buffer& out, Bytes bytes);

/// Appends the decoded bytes. Strict: the alphabet with `+` and `/`, padding required, no white space. Returns false, and
/// leaves `out` unchanged, for any other text.
[[nodiscard]] bool decode(Buffer& out, std::string_view text);

}  // namespace socketio::base64
