#include "text.hpp"

#include <charconv>
#include <numeric>
#include <system_error>

namespace socketio::cli {

namespace text {

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

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    parts.push_back(text.substr(0, text.find(separator)));
    text.remove_prefix(std::min(text.size(), parts.back().size() + 1));
  }
  return parts;
}

std::string and_more(std::size_t count) { return count == 0 ? "" : " and " + units::grouped(count) + " more"; }

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

}  // namespace text

namespace units {

namespace {

using std::chrono::milliseconds;

constexpr double day_ms = 24.0 * 60 * 60 * 1000;
constexpr std::uint64_t size_max = std::uint64_t{1} << 30;
constexpr double rate_max = 1e9;
constexpr double speed_max = 1e6;

/// Reads decimal digits with an optional fraction, and removes them from the text.
std::optional<double> take_decimal(std::string_view& text) {
  double value = 0;
  if (text.empty() || text[0] < '0' || text[0] > '9') {
    return std::nullopt;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || *(end - 1) == '.') {
    return std::nullopt;
  }
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// Factor of a unit; 0 when there is no such unit.
template <std::size_t Count>
double factor(const std::pair<std::string_view, double> (&table)[Count], std::string_view unit) {
  for (const auto& [name, value] : table) {
    if (name == unit) {
      return value;
    }
  }
  return 0;
}

}  // namespace

std::optional<milliseconds> duration(std::string_view text) {
  static constexpr std::pair<std::string_view, double> table[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  const auto number = take_decimal(text);
  const double value = number.value_or(0) * factor(table, text);
  if (value < 1 || value > day_ms) {
    return std::nullopt;
  }
  return milliseconds(static_cast<std::int64_t>(value + 0.5));
}

std::optional<std::uint64_t> size(std::string_view text) {
  static constexpr std::pair<std::string_view, double> table[] = {
      {"", 1}, {"K", 1024}, {"M", 1048576}, {"G", 1073741824}, {"k", 1024}, {"m", 1048576}, {"g", 1073741824}};
  const auto number = take_decimal(text);
  const double value = number.value_or(0) * factor(table, text);
  if (value < 1 || value > static_cast<double>(size_max)) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(value);
}

std::optional<double> rate(std::string_view text) {
  const auto number = take_decimal(text);
  if (!number || !(text.empty() || text == "/s") || *number <= 0 || *number > rate_max) {
    return std::nullopt;
  }
  return number;
}

std::optional<double> speed(std::string_view text) {
  const auto number = take_decimal(text);
  if (!number || !text.empty() || *number < 1 / speed_max || *number > speed_max) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::uint64_t> count(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3; place -= 3) {
    text.insert(place - 3, 1, ',');
  }
  return text;
}

std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural) {
  const bool is_regular = number == 1 || plural.empty();
  return grouped(number) + " " + std::string(is_regular ? singular : plural) + (is_regular && number != 1 ? "s" : "");
}

std::string size_text(std::uint64_t bytes) {
  for (const auto& [letter, unit] : {std::pair{'G', size_max}, {'M', std::uint64_t{1} << 20}, {'K', std::uint64_t{1} << 10}}) {
    if (bytes >= unit && bytes % unit == 0) {
      return std::to_string(bytes / unit) + letter;
    }
  }
  return counted(bytes, "byte");
}

std::string duration_text(milliseconds duration) {
  const auto total = duration.count();
  if (total % 1000 != 0 && total < 10'000) {
    return std::to_string(total) + "ms";
  }
  const auto seconds = (total + 500) / 1000;
  const std::string minutes = seconds < 60 ? "" : std::to_string(seconds / 60) + "m";
  return seconds % 60 == 0 && !minutes.empty() ? minutes : minutes + std::to_string(seconds % 60) + "s";
}

}  // namespace units

}  // namespace socketio::cli
