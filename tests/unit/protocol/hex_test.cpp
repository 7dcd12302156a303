#include <doctest/doctest.h>

#include <string_view>

#include <socketio/common/hex.hpp>

namespace hex_test {

using namespace socketio;

TEST_CASE("hex: sixteen digits in either case, and no other character") {
  constexpr std::string_view small = "0123456789abcdef";
  constexpr std::string_view large = "0123456789ABCDEF";
  int found = 0;
  for (int code = 0; code < 256; ++code) {
    const char character = static_cast<char>(code);
    CAPTURE(code);
    const std::size_t at = small.find(character) != std::string_view::npos ? small.find(character) : large.find(character);
    CHECK(hex::digit(character) == (at == std::string_view::npos ? -1 : static_cast<int>(at)));
    found += hex::digit(character) >= 0 ? 1 : 0;
  }
  CHECK(found == 22);
}

TEST_CASE("hex: a byte is two digits at the front") {
  CHECK(hex::byte("00") == 0);
  CHECK(hex::byte("fF") == 255);
  CHECK(hex::byte("2fetc/passwd") == 0x2f);
  for (const std::string_view none : {"", "2", "2g", "g2", " 2", "%2f", "-1"}) {
    CAPTURE(none);
    CHECK(hex::byte(none) == -1);
  }
}

}  // namespace hex_test
