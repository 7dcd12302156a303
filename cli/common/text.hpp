#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/result.hpp>

namespace socketio::cli {

// Makes text of others (rooms, events, replies of Redis) safe for a terminal. Only this file decides which characters are
// dangerous: control characters (also DEL and U+0080 to U+009F), characters that change the direction of text, and invisible
// ones. Combining characters and emoji stay.
namespace text {

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

// ---- text for messages to people ----

/// At most `size_max` bytes of the text, without cutting a character, and safe for a terminal as by printable().
std::string excerpt(std::string_view text, std::size_t size_max = 60);

/// excerpt(), for lists.
inline std::string shown(std::string_view text) { return excerpt(text); }

/// The parts of a text between separators. A separator at the end adds no part.
std::vector<std::string_view> split(std::string_view text, char separator);

/// A list: `text_of(item)` of each item, with separators between; at most `items_max` of them.
template <typename Items, typename TextOf = std::identity>
std::string joined(const Items& items, std::string_view separator, const TextOf& text_of = {},
                   std::size_t items_max = static_cast<std::size_t>(-1)) {
  std::string list;
  std::size_t count = 0;
  for (const auto& item : items) {
    if (count == items_max) {
      break;
    }
    list += count++ == 0 ? std::string_view() : separator;
    list += std::invoke(text_of, item);
  }
  return list;
}

/// " and 4 more"; empty for 0.
std::string and_more(std::size_t count);

/// "a, b, c and 4 more": `text_of(item)` of the first items, and the number of the others.
template <typename Items, typename TextOf = std::identity>
std::string some_of(const Items& items, const TextOf& text_of = {}) {
  constexpr std::size_t items_max = 8;
  return joined(items, ", ", text_of, items_max) + and_more(items.size() - std::min(items.size(), items_max));
}

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

}  // namespace text

// Reads amounts as people write them, and writes amounts for people.
namespace units {

/// A duration: "500ms", "5s", "1.5s", "1m", "1h": more than 0, at most a day. A number without a unit is refused.
std::optional<std::chrono::milliseconds> duration(std::string_view text);

/// A size in bytes: "4096", "512K", "64M", "1G": at least 1, at most 1G.
std::optional<std::uint64_t> size(std::string_view text);

/// A rate: "1000/s" or "1000", also "0.5/s": more than 0, at most 1,000,000,000.
std::optional<double> rate(std::string_view text);

/// A factor for the speed: "2", "0.5"; from 1/1,000,000 to 1,000,000.
std::optional<double> speed(std::string_view text);

/// A count: digits only.
std::optional<std::uint64_t> count(std::string_view text);

/// "1,234,567".
std::string grouped(std::uint64_t number);
/// "1 server", "2 servers"; with a plural, "2 entries".
std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural = {});
/// "64M", "1000 bytes": the shorter form where it is exact.
std::string size_text(std::uint64_t bytes);
/// "500ms", "5s", "1m30s".
std::string duration_text(std::chrono::milliseconds duration);

}  // namespace units

}  // namespace socketio::cli
