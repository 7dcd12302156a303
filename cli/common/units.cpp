#include "units.hpp"

#include <charconv>
#include <chrono>
#include <utility>

namespace socketio::cli::units {
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

}  // namespace socketio::cli::units
