#include <socketio/protocol/base64.hpp>

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "support/golden.hpp"

namespace base64_test {

using namespace socketio;

namespace {

std::string encoded(std::string_view text) {
  Buffer out;
  base64::encode(out, as_bytes(text));
  return std::string(out.text());
}

}  // namespace

TEST_CASE("base64: the examples of RFC 4648") {
  const std::vector<std::pair<std::string, std::string>> table = {{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}};
  for (const auto& row : table) {
    const auto& bytes = row.first;
    const auto& text = row.second;
    CAPTURE(text);
    CHECK(encoded(bytes) == text);
    Buffer out;
    REQUIRE(base64::decode(out, text));
    CHECK(out.text() == bytes);
  }
}

TEST_CASE("base64: every byte comes back, at every length") {
  std::string bytes;
  for (int i = 0; i < 600; ++i) {
    CAPTURE(i);
    Buffer out;
    REQUIRE(base64::decode(out, encoded(bytes)));
    REQUIRE(out.text() == bytes);
    bytes += static_cast<char>(i * 7);
  }
}

TEST_CASE("base64: what is not exactly base64 is refused and leaves nothing behind") {
  using namespace std::string_view_literals;
  for (const auto text :
       {"Z"sv, "Zg"sv, "Zg="sv, "Zg==="sv, "===="sv, "A==="sv, "=AAA"sv, "A=AA"sv, "AA=A"sv, "Zg==Zg=="sv, " Zg=="sv,
        "Zg==\n"sv, "Zm9v\n   "sv, "Zm 9"sv, "Zm-_"sv, "Zm9\0"sv, "Zm9\xc3"sv, "----"sv, "AAAA===="sv}) {
    CAPTURE(text);
    Buffer out;
    out.append(std::string_view("before"));
    CHECK_FALSE(base64::decode(out, text));
    CHECK(out.text() == "before");
  }
}

}  // namespace base64_test
