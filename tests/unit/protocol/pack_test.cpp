#include <socketio/protocol/pack.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/cursor.hpp>

#include "support/golden.hpp"

namespace pack_test {

using namespace socketio;

namespace {

template <typename Append>
std::string hex_of(Append append) {
  Buffer out;
  append(out);
  return golden::to_hex(out.bytes());
}

std::string integer_hex(std::int64_t value) {
  return hex_of([&](Buffer& out) { pack::integer(out, value); });
}

std::string number_hex(double value) {
  return hex_of([&](Buffer& out) { pack::number(out, value); });
}

}  // namespace

TEST_CASE("pack: integers take the shortest form, unsigned from zero up") {
  const std::vector<std::pair<std::int64_t, std::string>> table = {
      {0, "00"},
      {127, "7f"},
      {128, "cc80"},
      {255, "ccff"},
      {256, "cd0100"},
      {65535, "cdffff"},
      {65536, "ce00010000"},
      {4294967295, "ceffffffff"},
      {4294967296, "cf0000000100000000"},
      {INT64_MAX, "cf7fffffffffffffff"},
      {-1, "ff"},
      {-32, "e0"},
      {-33, "d0df"},
      {-128, "d080"},
      {-129, "d1ff7f"},
      {-32768, "d18000"},
      {-32769, "d2ffff7fff"},
      {INT32_MIN, "d280000000"},
      {std::int64_t{INT32_MIN} - 1, "d3ffffffff7fffffff"},
      {INT64_MIN, "d38000000000000000"},
  };
  for (const auto& row : table) {
    const auto& value = row.first;
    const auto& expected = row.second;
    CAPTURE(value);
    CHECK(integer_hex(value) == expected);
  }
  CHECK(hex_of([](Buffer& out) { pack::unsigned_integer(out, UINT64_MAX); }) == "cfffffffffffffffff");
}

TEST_CASE("pack: a number is an integer when it is integral and fits") {
  CHECK(number_hex(1.0) == "01");
  CHECK(number_hex(-0.0) == "00");
  CHECK(number_hex(1.5) == "cb3ff8000000000000");
  CHECK(number_hex(9223372036854775808.0) == "cf8000000000000000");
  CHECK(number_hex(18446744073709549568.0) == "cffffffffffffff800");
  CHECK(number_hex(18446744073709551616.0) == "cb43f0000000000000");
  CHECK(number_hex(-9223372036854775808.0) == "d38000000000000000");
  CHECK(number_hex(-9223372036854777856.0) == "cbc3e0000000000001");
  CHECK(number_hex(std::numeric_limits<double>::infinity()) == "cb7ff0000000000000");
}

TEST_CASE("pack: every NaN is the one of JavaScript") {
  CHECK(number_hex(std::nan("")) == "cb7ff8000000000000");
  CHECK(number_hex(-std::nan("7")) == "cb7ff8000000000000");
}

TEST_CASE("pack: a double can be forced") {
  CHECK(hex_of([](Buffer& out) { pack::float64(out, 1.0); }) == "cb3ff0000000000000");
  CHECK(hex_of([](Buffer& out) { pack::float64(out, -0.0); }) == "cb8000000000000000");
}

TEST_CASE("pack: headers grow at the edges of their ranges") {
  const auto text = [](std::uint32_t size) { return hex_of([=](Buffer& out) { pack::text_header(out, size); }); };
  const auto binary = [](std::uint32_t size) { return hex_of([=](Buffer& out) { pack::binary_header(out, size); }); };
  const auto array = [](std::uint32_t size) { return hex_of([=](Buffer& out) { pack::array_header(out, size); }); };
  const auto map = [](std::uint32_t size) { return hex_of([=](Buffer& out) { pack::map_header(out, size); }); };
  CHECK(text(31) == "bf");
  CHECK(text(32) == "d920");
  CHECK(text(255) == "d9ff");
  CHECK(text(256) == "da0100");
  CHECK(text(65536) == "db00010000");
  CHECK(binary(0) == "c400");
  CHECK(binary(255) == "c4ff");
  CHECK(binary(256) == "c50100");
  CHECK(binary(65536) == "c600010000");
  CHECK(array(15) == "9f");
  CHECK(array(16) == "dc0010");
  CHECK(array(65536) == "dd00010000");
  CHECK(map(15) == "8f");
  CHECK(map(16) == "de0010");
  CHECK(map(65536) == "df00010000");
}

TEST_CASE("pack: dates take the shortest of the three timestamp forms") {
  const auto date = [](std::int64_t ms) { return hex_of([=](Buffer& out) { pack::date(out, ms); }); };
  CHECK(date(0) == "d6ff00000000");
  CHECK(date(1700000000123) == "d7ff1d5353006553f100");
  CHECK(date(4294967296000) == "d7ff0000000100000000");
  CHECK(date(17179869184000) == "c70cff000000000000000400000000");
  CHECK(date(-1) == "c70cff3b8b87c0ffffffffffffffff");
}

TEST_CASE("pack: dates come back as they went, down to the ends of JavaScript's range") {
  constexpr std::int64_t farthest = 8'640'000'000'000'000;
  for (const std::int64_t ms :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{-1000}, std::int64_t{1700000000123}, farthest, -farthest}) {
    CAPTURE(ms);
    Buffer out;
    pack::date(out, ms);
    Cursor cursor(out.bytes());
    Item item;
    REQUIRE(cursor.next(item));
    CHECK(date_of(item) == ms);
  }
}

TEST_CASE("pack: a timestamp keeps its nanoseconds") {
  CHECK(hex_of([](Buffer& out) { pack::timestamp(out, 1, 999'999'999); }) == "d7ffee6b27fc00000001");
  CHECK(hex_of([](Buffer& out) { pack::timestamp(out, -1, 1); }) == "c70cff00000001ffffffffffffffff");
}

}  // namespace pack_test
