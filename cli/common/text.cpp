#include "text.hpp"

#include <algorithm>
#include <numeric>
#include <system_error>
#include <vector>

#include "printable.hpp"

namespace socketio::cli::text {
namespace {

bool continues_character(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80; }

}  // namespace

std::string excerpt(std::string_view text, std::size_t size_max) {
  const bool cut = text.size() > size_max;
  if (cut) {
    std::size_t size = size_max;
    while (size > 0 && size_max - size < 4 && continues_character(text[size])) {
      --size;
    }
    text = text.substr(0, size);
  }
  return cut ? printable(text) + "..." : printable(text);
}

std::string shell_quoted(std::string_view word) {
  std::string result = "'";
  for (const char byte : word) {
    if (byte == '\'') {
      result += "'\\''";
    } else {
      result.push_back(byte);
    }
  }
  return result + "'";
}

std::size_t column(std::string_view line, std::size_t offset_bytes) {
  const std::string_view before = line.substr(0, offset_bytes);
  return 1 +
         static_cast<std::size_t>(std::count_if(before.begin(), before.end(), [](char c) { return !continues_character(c); }));
}

std::string json_problem(std::string_view json, const DecodeError& error) {
  const std::string place = " at column " + std::to_string(column(json, error.offset_bytes));
  switch (error.code) {
    case Errc::truncated: return "it ends inside a value";
    case Errc::bad_value: return "the text of \"$binary\" is not base64" + place;
    case Errc::bad_utf8: return "a byte that is not UTF-8" + place;
    case Errc::trailing_bytes: return "more text after the value" + place;
    case Errc::bad_syntax: {
      if (error.offset_bytes >= json.size()) {
        return "it ends inside a value";
      }
      std::size_t size = 1;
      while (error.offset_bytes + size < json.size() && continues_character(json[error.offset_bytes + size])) {
        ++size;
      }
      return "unexpected " + excerpt(json.substr(error.offset_bytes, size)) + place;
    }
    default: return describe(error.code) + place;
  }
}

std::string_view without_mark(std::string_view text) noexcept {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

std::string utf16_problem(std::string_view first_line) {
  using namespace std::string_view_literals;
  const bool little =
      first_line.starts_with("\xff\xfe"sv) || (first_line.size() > 1 && first_line[0] != '\0' && first_line[1] == '\0');
  const bool big =
      first_line.starts_with("\xfe\xff"sv) || (first_line.size() > 1 && first_line[0] == '\0' && first_line[1] != '\0');
  return !little && !big
             ? ""
             : std::string("the input is UTF-16 (") + (little ? "LE" : "BE") +
                   "), as PowerShell and Excel write it. Save it as UTF-8 (PowerShell: Out-File -Encoding utf8), or " +
                   "convert it: iconv -f UTF-16" + (little ? "LE" : "BE") + " -t UTF-8.";
}

std::string system_error(int error) { return std::generic_category().message(error); }

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string_view closest(std::string_view word, std::span<const std::string_view> known) {
  const auto nearest = std::min_element(known.begin(), known.end(), [&](std::string_view a, std::string_view b) {
    return distance(word, a) < distance(word, b);
  });
  return nearest != known.end() && distance(word, *nearest) <= 1 + word.size() / 4 ? *nearest : std::string_view();
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
  const std::string_view meant = closest(word, known);
  return meant.empty() ? "" : " Did you mean " + std::string(meant) + "?";
}

}  // namespace socketio::cli::text
