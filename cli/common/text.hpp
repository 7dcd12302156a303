#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <socketio/common/result.hpp>

// Text for messages to people.
namespace socketio::cli::text {

/// At most `size_max` bytes of the text, without cutting a character, and safe for a terminal as by printable()
/// (printable.hpp).
std::string excerpt(std::string_view text, std::size_t size_max = 60);

/// The word, quoted for a POSIX shell: 'it'\''s'.
std::string shell_quoted(std::string_view word);

/// Column in a line, counted in characters from 1.
std::size_t column(std::string_view line, std::size_t offset_bytes);

/// Description of an error in JSON text, such as `unexpected "}" at column 14`.
std::string json_problem(std::string_view json, const DecodeError& error);

/// The text without the UTF-8 byte order mark (three bytes) that some programs write.
std::string_view without_mark(std::string_view text) noexcept;

/// Error and advice for the first line of a UTF-16 input; empty for any other input.
std::string utf16_problem(std::string_view first_line);

/// Text of an errno, such as "No such file or directory".
std::string system_error(int error);

/// Number of single changes from one word to the other.
std::size_t distance(std::string_view a, std::string_view b);

/// The known word that `word` was probably meant to be; empty if none is similar.
std::string_view closest(std::string_view word, std::span<const std::string_view> known);

/// " Did you mean WORD?", or nothing if none of the known words is similar.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace socketio::cli::text
