#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Makes text of others (rooms, events, replies of Redis) safe for a terminal. Only this file decides which characters are
// dangerous: control characters (also DEL and U+0080 to U+009F), characters that change the direction of text, and invisible
// ones. Combining characters and emoji stay.
namespace socketio::cli::text {

/// The text on one line: dangerous characters become `?`, bytes that are not UTF-8 become U+FFFD.
std::string printable(std::string_view text);

/// As printable(), but line feeds stay: for output of several lines.
std::string printable_lines(std::string_view text);

/// JSON with the same meaning, in which dangerous characters are escapes (`\u202e`). Control characters below U+0020 are left
/// as they are: the JSON writer has escaped those inside strings. Cost: one pass, which finds nothing in nearly all messages.
std::string printable_json(std::string_view json);
/// False when printable_json() would change nothing.
bool needs_json_escapes(std::string_view json) noexcept;

/// Number of columns of the text on a terminal: two for East Asian characters and emoji, none for combining characters.
std::size_t width(std::string_view text) noexcept;

}  // namespace socketio::cli::text
