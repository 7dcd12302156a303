#pragma once

#include <string_view>

// Hexadecimal digits, as the escapes of URLs and query strings hold them.
namespace socketio::hex {

/// What one digit stands for, of either case; -1 when it is none.
[[nodiscard]] constexpr int digit(char character) noexcept {
  if (character >= '0' && character <= '9') {
    return character - '0';
  }
  if (character >= 'a' && character <= 'f') {
    return character - 'a' + 10;
  }
  return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

/// The byte that the first two digits of `text` stand for, 0 to 255; -1 when it does not begin with two. What follows them
/// does not matter.
[[nodiscard]] constexpr int byte(std::string_view text) noexcept {
  if (text.size() < 2) {
    return -1;
  }
  const int high = digit(text[0]);
  const int low = digit(text[1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace socketio::hex
