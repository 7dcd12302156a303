#include <socketio/protocol/js_number.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace js_number_test {

using namespace socketio;

namespace {

template <typename T>
std::string text_of(T value) {
  Buffer out;
  js_number::append(out, value);
  return std::string(out.text());
}

}  // namespace

TEST_CASE("js_number: doubles read as in JavaScript") {
  const std::vector<std::pair<double, std::string>> table = {
      {0, "0"},
      {-0.0, "0"},
      {1, "1"},
      {-1, "-1"},
      {100, "100"},
      {0.1, "0.1"},
      {-0.1, "-0.1"},
      {4.35, "4.35"},
      {123.456, "123.456"},
      {0.000001, "0.000001"},
      {0.00000123, "0.00000123"},
      {1e-7, "1e-7"},
      {-1e-7, "-1e-7"},
      {1.5e-10, "1.5e-10"},
      {5e-324, "5e-324"},
      {2.2250738585072014e-308, "2.2250738585072014e-308"},
      {1.5e300, "1.5e+300"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {123456789012345680000.0, "123456789012345680000"},
      {1e20, "100000000000000000000"},
      {999999999999999900000.0, "999999999999999900000"},
      {1e21, "1e+21"},
      {-1.25e21, "-1.25e+21"},
      {9007199254740991, "9007199254740991"},
      {9007199254740992, "9007199254740992"},
      {9007199254740994, "9007199254740994"},
      {-9223372036854775808.0, "-9223372036854776000"},
      {18446744073709551616.0, "18446744073709552000"},
      {0.30000000000000004, "0.30000000000000004"},
      {2.0 / 3, "0.6666666666666666"},
      {1e22, "1e+22"},
      {12345678901234.5, "12345678901234.5"},
      {std::nan(""), "NaN"},
      {-std::nan(""), "NaN"},
      {std::numeric_limits<double>::infinity(), "Infinity"},
      {-std::numeric_limits<double>::infinity(), "-Infinity"},
  };
  for (const auto& row : table) {
    const auto& value = row.first;
    const auto& expected = row.second;
    CAPTURE(expected);
    CHECK(text_of(value) == expected);
  }
}

TEST_CASE("js_number: integers keep all digits") {
  CHECK(text_of(std::int64_t{INT64_MIN}) == "-9223372036854775808");
  CHECK(text_of(std::int64_t{INT64_MAX}) == "9223372036854775807");
  CHECK(text_of(std::uint64_t{UINT64_MAX}) == "18446744073709551615");
  CHECK(text_of(std::uint64_t{0}) == "0");
}

}  // namespace js_number_test
