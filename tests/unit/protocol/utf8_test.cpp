#include <socketio/protocol/utf8.hpp>

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace utf8_test {

using namespace socketio;
using namespace std::string_view_literals;

namespace {

std::string repaired(std::string_view text) {
  Buffer out;
  utf8::append_repaired(out, text);
  return std::string(out.text());
}

}  // namespace

TEST_CASE("utf8: text of every width is well formed") {
  for (const auto text : {""sv, "a"sv, "\0"sv, "h\xc3\xa9llo"sv, "\xe6\x97\xa5"sv, "\xf0\x9f\x98\x80"sv,
                          "\xed\x9f\xbf\xee\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv, "eight by\xc3\xa9te words"sv}) {
    CAPTURE(text);
    CHECK(utf8::valid(text));
    CHECK(repaired(text) == text);
  }
}

TEST_CASE("utf8: each maximal bad part becomes one replacement") {
  const std::vector<std::pair<std::string_view, std::string_view>> table = {
      {"\x80"sv, "\uFFFD"sv},
      {"\xff"sv, "\uFFFD"sv},
      {"a\xe2\x82"sv, "a\uFFFD"sv},
      {"\xe2\x82z"sv, "\uFFFDz"sv},
      {"\xc0\xaf"sv, "\uFFFD\uFFFD"sv},
      {"\xe0\x80\x80"sv, "\uFFFD\uFFFD\uFFFD"sv},
      {"\xed\xa0\x80"sv, "\uFFFD\uFFFD\uFFFD"sv},
      {"\xf0\x80\x80\x80"sv, "\uFFFD\uFFFD\uFFFD\uFFFD"sv},
      {"\xf0\x9f\x98"sv, "\uFFFD"sv},
      {"\xf0\x9f\x98\xf0\x9f\x98\x80"sv, "\uFFFD\U0001F600"sv},
      {"\xf4\x90\x80\x80"sv, "\uFFFD\uFFFD\uFFFD\uFFFD"sv},
      {"\xf5\x80"sv, "\uFFFD\uFFFD"sv},
      {"\xc3\xc3\xa9"sv, "\uFFFD\u00E9"sv},
      {"0123456789\x80"sv, "0123456789\uFFFD"sv},
  };
  for (const auto& row : table) {
    const auto& text = row.first;
    const auto& expected = row.second;
    CAPTURE(expected);
    CHECK_FALSE(utf8::valid(text));
    CHECK(repaired(text) == expected);
    CHECK(utf8::valid(repaired(text)));
  }
}

TEST_CASE("utf8: the good beginning ends where the bad part starts, wherever that is in a word") {
  for (std::size_t size = 0; size < 40; ++size) {
    CAPTURE(size);
    const std::string good(size, 'x');
    CHECK(utf8::valid_prefix(good + "\xe2\x82") == size);
    CHECK(utf8::valid_prefix(good + "\xe2\x82\xac" + "\xe2\x82") == size + 3);
    CHECK(utf8::valid_prefix(good + "\x80" + good) == size);
  }
}

TEST_CASE("utf8: length counts UTF-16 units") {
  CHECK(utf8::utf16_length("") == 0);
  CHECK(utf8::utf16_length("abc") == 3);
  CHECK(utf8::utf16_length("\u00E9\u65E5") == 2);
  CHECK(utf8::utf16_length("\U0001F600!") == 3);
}

TEST_CASE("utf8: code points are written in their shortest form, surrogates are not") {
  const std::vector<std::pair<char32_t, std::string_view>> table = {
      {0x00, "\0"sv},
      {0x7f, "\x7f"sv},
      {0x80, "\xc2\x80"sv},
      {0x7ff, "\xdf\xbf"sv},
      {0x800, "\xe0\xa0\x80"sv},
      {0xffff, "\xef\xbf\xbf"sv},
      {0x10000, "\xf0\x90\x80\x80"sv},
      {0x10ffff, "\xf4\x8f\xbf\xbf"sv},
      {0xd800, "\uFFFD"sv},
      {0xdfff, "\uFFFD"sv},
      {0x110000, "\uFFFD"sv},
  };
  for (const auto& row : table) {
    const auto& code_point = row.first;
    const auto& expected = row.second;
    Buffer out;
    utf8::append_code_point(out, code_point);
    CHECK(out.text() == expected);
  }
}

TEST_CASE("utf8: lone surrogates are found, kept and replaced, wherever they stand") {
  for (std::size_t size = 0; size < 40; ++size) {
    CAPTURE(size);
    const std::string before = std::string(size, 'x') + "\u00e9\ud7ff";
    for (const char32_t unit : {0xd800U, 0xdbffU, 0xdc00U, 0xdfffU}) {
      Buffer surrogate;
      utf8::append_surrogate(surrogate, unit);
      CHECK(surrogate.size() == 3);
      std::string text = before + std::string(surrogate.text()) + "y";
      CHECK(utf8::find_surrogate(text) == before.size());
      CHECK(utf8::find_surrogate(text, before.size() + 1) == text.size());
      CHECK(utf8::surrogate_at(text, before.size()) == unit);
      Buffer kept;
      utf8::append_repaired_keeping_surrogates(kept, text + "\xff" + text);
      CHECK(kept.text() == text + "\uFFFD" + text);
      std::vector<std::uint8_t> bytes(text.begin(), text.end());
      utf8::replace_surrogates(bytes);
      CHECK(std::string(bytes.begin(), bytes.end()) == before + "\uFFFD" + "y");
    }
  }
  for (const std::string_view none : {""sv, "\xed"sv, "\xed\xa0"sv, "\xed\x9f\xbf"sv, "\xed\xa0\x7f"sv, "\xee\x80\x80"sv}) {
    CHECK(utf8::find_surrogate(none) == none.size());
  }
}

}  // namespace utf8_test
