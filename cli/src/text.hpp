#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <socketio/common/result.hpp>

// Pieces of sentences for people.
namespace socketio::cli::text {

/// The text, at most `size_max` bytes of it and never half a character; as printable() (printable.hpp) makes it fit for a
/// terminal.
std::string excerpt(std::string_view text, std::size_t size_max = 60);

/// The word as a POSIX shell must be told it: 'it'\''s'.
std::string shell_quoted(std::string_view word);

/// The place in a line as people count: characters, from 1.
std::size_t column(std::string_view line, std::size_t offset_bytes);

/// What is wrong with JSON text, such as `unexpected "}" at column 14`.
std::string json_problem(std::string_view json, const DecodeError& error);

/// The text without the mark (of three bytes) that some programs put in front of UTF-8.
std::string_view without_mark(std::string_view text) noexcept;

/// What is wrong with the first line of an input that is UTF-16, and what to do; empty for any other.
std::string utf16_problem(std::string_view first_line);

/// "ERRNO text" of the system, such as "No such file or directory".
std::string system_error(int error);

/// How many single changes lead from one word to the other: for "did you mean".
std::size_t distance(std::string_view a, std::string_view b);

}  // namespace socketio::cli::text
