#pragma once

#include <cstdint>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

// Compression of HTTP bodies.
namespace socketio::server::content_encoding {

enum class Encoding : std::uint8_t { identity, deflate, gzip };
[[nodiscard]] std::string_view name_of(Encoding encoding) noexcept;

/// Encoding that a client's Accept-Encoding allows; gzip is preferred.
[[nodiscard]] Encoding choose(std::string_view accept_encoding) noexcept;

/// Appends the compressed bytes. False when the system has no memory for it.
[[nodiscard]] bool encode(Buffer& out, Bytes bytes, Encoding encoding);

}  // namespace socketio::server::content_encoding
