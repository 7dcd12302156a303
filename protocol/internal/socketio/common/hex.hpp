#pragma once

#include <socketio/common/language.hpp>

#include <string_view>

// Hexadecimal digits in the percent escapes of URLs and query strings.
namespace socketio::hex {

/// Value of a hexadecimal digit of either case; -1 for any other character.
[[nodiscard]] constexpr int digit(char character) noexcept {
  if (character >= '0' && character <= '9') {
    return character - '0';
  }
  if (character >= 'a' && character <= 'f') {
    return character - 'a' + 10;
  }
  return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

/// Value of the two hexadecimal digits that `text` begins with, 0 to 255; -1 when it does not begin with two. Later characters
/// are ignored.
[[nodiscard]] constexpr int byte(std::string_view text) noexcept {
  if (text.size() < 2) {
    return -1;
  }
  const int high = digit(text[0]);
  const int low = digit(text[1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace socketio::hex
