#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>

// UTF-8 as JavaScript's decoders treat it.
//
// A string of JavaScript may hold half of a surrogate pair, which UTF-8 cannot encode. Text that was decoded from JSON may hold
// such a lone surrogate as three bytes, ed a0..bf 80..bf (WTF-8). When the text is written as JSON, it becomes the escape
// \udxxx again; where the output must be UTF-8, it becomes U+FFFD, which also has three bytes.
namespace socketio::utf8 {

/// The number of leading bytes that are well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF). Equal to
/// text.size() when the whole text is valid. One pass, eight bytes at a time over ASCII.
[[nodiscard]] std::size_t valid_prefix(std::string_view text) noexcept;

[[nodiscard]] inline bool valid(std::string_view text) noexcept { return valid_prefix(text) == text.size(); }

/// Appends `text` with each maximal invalid part replaced by U+FFFD, as Node's decoder does (tests/golden/msgpack-decode.json).
void append_repaired(Buffer& out, std::string_view text);

/// Number of UTF-16 units of the text in JavaScript. `text` is valid UTF-8.
[[nodiscard]] std::size_t utf16_length(std::string_view text) noexcept;

/// Appends one code point; surrogates become U+FFFD.
void append_code_point(Buffer& out, char32_t code_point);

/// Position of the first lone surrogate at or after `from`; text.size() when there is none.
[[nodiscard]] std::size_t find_surrogate(std::string_view text, std::size_t from = 0) noexcept;
/// The UTF-16 unit of the surrogate at `at`, which find_surrogate() has found.
[[nodiscard]] char32_t surrogate_at(std::string_view text, std::size_t at) noexcept;
/// Appends a lone surrogate. Precondition: 0xd800 <= unit <= 0xdfff.
void append_surrogate(Buffer& out, char32_t unit);
/// As append_repaired(), but lone surrogates stay.
void append_repaired_keeping_surrogates(Buffer& out, std::string_view text);
/// Replaces each lone surrogate with U+FFFD.
void replace_surrogates(std::span<std::uint8_t> text) noexcept;

}  // namespace socketio::utf8
