#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

// permessage-deflate, always without context takeover: no connection holds a compressor's memory, and a message to many clients
// is compressed once.
//
// Source: RFC 7692.
namespace socketio::server::websocket_deflate {

/// Value of Sec-WebSocket-Extensions in the response of a server that accepts.
inline constexpr std::string_view accepted = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// True when the extensions that a client offers include one that `accepted` confirms. Refuses offers that require a smaller
/// window, or something unknown.
[[nodiscard]] bool is_offered(std::string_view extensions) noexcept;

/// Appends the payload of a compressed message. False, with nothing appended, when that would not be shorter.
[[nodiscard]] bool compress(Buffer& out, Bytes message);

enum class Status : std::uint8_t { ok, malformed, too_large };
/// Appends the message contained in a payload, at most `bytes_max` bytes. Memory grows with the content, not with the limit.
[[nodiscard]] Status decompress(Buffer& out, Bytes payload, std::size_t bytes_max);

}  // namespace socketio::server::websocket_deflate
