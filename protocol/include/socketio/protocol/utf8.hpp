#pragma once

#include <cstddef>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/export.hpp>

// UTF-8 as JavaScript's decoders see it.
namespace socketio::utf8 {

/// The number of leading bytes that are well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF). Equal to
/// text.size() when all is well. One pass, eight bytes at a time over ASCII.
[[nodiscard]] SOCKETIO_API std::size_t valid_prefix(std::string_view text) noexcept;

[[nodiscard]] inline bool valid(std::string_view text) noexcept { return valid_prefix(text) == text.size(); }

/// Appends `text` with each maximal bad part replaced by U+FFFD, as Node's decoder does (tests/golden/msgpack-decode.json).
SOCKETIO_API void append_repaired(Buffer& out, std::string_view text);

/// How many UTF-16 units the text has in JavaScript. `text` is valid UTF-8.
[[nodiscard]] SOCKETIO_API std::size_t utf16_length(std::string_view text) noexcept;

/// Appends one code point; surrogates become U+FFFD.
SOCKETIO_API void append_code_point(Buffer& out, char32_t code_point);

}  // namespace socketio::utf8
