#include <socketio/protocol/js_number.hpp>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>

namespace socketio::js_number {
namespace {

template <typename T>
void append_integer(Buffer& out, T value) {
  constexpr std::size_t size_max = 20;  // "-9223372036854775808", "18446744073709551615"
  char* const at = reinterpret_cast<char*>(out.reserve(size_max));
  out.commit(static_cast<std::size_t>(std::to_chars(at, at + size_max, value).ptr - at));
}

/// The shortest digits of a positive number: value = 0.d1d2d3... * 10^point.
struct Digits {
  char text[20];
  int count = 0;
  int point = 0;
};

Digits shortest(double value) {
  char text[32];
  const char* const end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  Digits digits;
  const char* at = text;
  for (; at != end && *at != 'e'; ++at) {
    if (*at != '.') {
      digits.text[digits.count++] = *at;
    }
  }
  at += at[1] == '+' ? 2 : 1;
  std::from_chars(at, end, digits.point);
  ++digits.point;
  return digits;
}

void append_zeros(Buffer& out, int count) {
  for (; count > 0; --count) {
    out.push_back('0');
  }
}

void append_exponent_form(Buffer& out, const Digits& digits) {
  out.push_back(static_cast<std::uint8_t>(digits.text[0]));
  if (digits.count > 1) {
    out.push_back('.');
    out.append(digits.text + 1, static_cast<std::size_t>(digits.count - 1));
  }
  out.append(digits.point > 0 ? std::string_view("e+") : std::string_view("e-"));
  append_integer(out, std::int64_t{std::abs(digits.point - 1)});
}

void append_plain_form(Buffer& out, const Digits& digits) {
  const auto count = static_cast<std::size_t>(digits.count);
  if (digits.point <= 0) {
    out.append(std::string_view("0."));
    append_zeros(out, -digits.point);
    out.append(digits.text, count);
  } else if (digits.point >= digits.count) {
    out.append(digits.text, count);
    append_zeros(out, digits.point - digits.count);
  } else {
    const auto point = static_cast<std::size_t>(digits.point);
    out.append(digits.text, point);
    out.push_back('.');
    out.append(digits.text + point, count - point);
  }
}

}  // namespace

void append(Buffer& out, double value) {
  constexpr double exact_max = 9007199254740992.0;  // 2^53
  if (std::isnan(value)) {
    return out.append(std::string_view("NaN"));
  }
  if (std::abs(value) <= exact_max && value == std::floor(value)) {
    return append_integer(out, static_cast<std::int64_t>(value));
  }
  if (value < 0) {
    out.push_back('-');
    value = -value;
  }
  if (std::isinf(value)) {
    return out.append(std::string_view("Infinity"));
  }
  const Digits digits = shortest(value);
  digits.point > 21 || digits.point < -5 ? append_exponent_form(out, digits) : append_plain_form(out, digits);
}

void append(Buffer& out, std::int64_t value) { append_integer(out, value); }

void append(Buffer& out, std::uint64_t value) { append_integer(out, value); }

}  // namespace socketio::js_number
