#include "js_date.hpp"

#include <string_view>

namespace socketio::js_date {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

struct Day {
  std::int64_t year;
  int month;  ///< 1 to 12
  int day;    ///< 1 to 31
};

/// The Gregorian calendar in both directions. Years are counted from March, so that the leap day is the last one: then a
/// month's first day is a linear function of its number, (153 m + 2) / 5.
Day day_of(std::int64_t days_since_1970) noexcept {
  constexpr std::int64_t era_days = 146'097;  // 400 years
  constexpr std::int64_t march_0000_to_1970 = 719'468;
  std::int64_t days = days_since_1970 + march_0000_to_1970;
  const std::int64_t era = (days >= 0 ? days : days - (era_days - 1)) / era_days;
  days -= era * era_days;
  const std::int64_t year = (days - days / 1'460 + days / 36'524 - days / (era_days - 1)) / 365;
  const std::int64_t day_of_year = days - (365 * year + year / 4 - year / 100);
  const auto month = static_cast<int>((5 * day_of_year + 2) / 153);
  const auto day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  return {era * 400 + year + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9, day};
}

/// Appends `value` with exactly `width` digits.
void append_digits(Buffer& out, std::int64_t value, int width) {
  std::uint8_t* const at = out.reserve(static_cast<std::size_t>(width));
  for (int i = width - 1; i >= 0; --i) {
    at[i] = static_cast<std::uint8_t>('0' + value % 10);
    value /= 10;
  }
  out.commit(static_cast<std::size_t>(width));
}

void append_year(Buffer& out, std::int64_t year) {
  if (year >= 0 && year <= 9999) {
    return append_digits(out, year, 4);
  }
  out.push_back(year < 0 ? '-' : '+');
  append_digits(out, year < 0 ? -year : year, 6);
}

}  // namespace

bool append_iso(Buffer& out, std::int64_t milliseconds_since_1970) {
  constexpr std::int64_t farthest = 100'000'000 * day_ms;
  if (milliseconds_since_1970 > farthest || milliseconds_since_1970 < -farthest) {
    return false;
  }
  std::int64_t days = milliseconds_since_1970 / day_ms;
  std::int64_t rest = milliseconds_since_1970 % day_ms;
  if (rest < 0) {
    --days;
    rest += day_ms;
  }
  const Day day = day_of(days);
  append_year(out, day.year);
  const struct {
    char before;
    std::int64_t value;
    int width;
  } parts[] = {{'-', day.month, 2},          {'-', day.day, 2},           {'T', rest / 3'600'000, 2},
               {':', rest / 60'000 % 60, 2}, {':', rest / 1'000 % 60, 2}, {'.', rest % 1'000, 3}};
  for (const auto& part : parts) {
    out.push_back(static_cast<std::uint8_t>(part.before));
    append_digits(out, part.value, part.width);
  }
  out.push_back('Z');
  return true;
}

}  // namespace socketio::js_date
