#include "relaxed_base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace socketio::relaxed_base64 {
namespace {

constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> make_digits() {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(no_digit);
  std::uint8_t value = 0;
  for (const char character : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")) {
    digits[static_cast<std::uint8_t>(character)] = value++;
  }
  digits['-'] = digits['+'];
  digits['_'] = digits['/'];
  return digits;
}

constexpr std::array<std::uint8_t, 256> digits = make_digits();

}  // namespace

bool decode(Buffer& out, std::string_view text) {
  if (text.size() % 4 == 0) {
    text.remove_suffix(text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0);
  }
  if (text.size() % 4 == 1) {
    return false;
  }
  std::uint8_t* to = out.reserve(text.size() / 4 * 3 + 2);
  const auto digit = [&](std::size_t i) { return digits[static_cast<std::uint8_t>(text[i])]; };
  std::uint8_t seen = 0;  // collects the top bits: only no_digit has one
  std::size_t i = 0;
  for (; text.size() - i >= 4; i += 4, to += 3) {
    const std::uint8_t a = digit(i);
    const std::uint8_t b = digit(i + 1);
    const std::uint8_t c = digit(i + 2);
    const std::uint8_t d = digit(i + 3);
    seen = static_cast<std::uint8_t>(seen | a | b | c | d);
    to[0] = static_cast<std::uint8_t>(a << 2 | b >> 4);
    to[1] = static_cast<std::uint8_t>(b << 4 | c >> 2);
    to[2] = static_cast<std::uint8_t>(c << 6 | d);
  }
  const std::size_t rest = text.size() - i;  // 0, 2 or 3
  if (rest != 0) {
    const std::uint8_t a = digit(i);
    const std::uint8_t b = digit(i + 1);
    const std::uint8_t c = rest == 3 ? digit(i + 2) : std::uint8_t{0};
    seen = static_cast<std::uint8_t>(seen | a | b | c);
    to[0] = static_cast<std::uint8_t>(a << 2 | b >> 4);
    to[1] = static_cast<std::uint8_t>(b << 4 | c >> 2);
  }
  if ((seen & 0x80) != 0) {
    return false;
  }
  out.commit(i / 4 * 3 + (rest == 0 ? 0 : rest - 1));
  return true;
}

}  // namespace socketio::relaxed_base64
