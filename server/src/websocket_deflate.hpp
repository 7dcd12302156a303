#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

// permessage-deflate, always without context takeover: no connection holds a compressor's memory, and a message that goes to
// many is compressed once.
//
// Source: RFC 7692.
namespace socketio::server::websocket_deflate {

/// What a server that accepts answers in Sec-WebSocket-Extensions.
inline constexpr std::string_view accepted = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Whether the extensions that a client offers have one that `accepted` answers. Refuses offers that want a smaller window, or
/// something unknown.
[[nodiscard]] bool is_offered(std::string_view extensions) noexcept;

/// Appends the payload of a compressed message. False, with nothing appended, when that would not be shorter.
[[nodiscard]] bool compress(Buffer& out, Bytes message);

enum class Status : std::uint8_t { ok, malformed, too_large };
/// Appends the message that a payload holds, at most `bytes_max` bytes. Grows with what is there, not with what is allowed.
[[nodiscard]] Status decompress(Buffer& out, Bytes payload, std::size_t bytes_max);

}  // namespace socketio::server::websocket_deflate
