#include "emit/position.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <vector>

namespace line_ranges_test {

using namespace socketio::cli;

namespace {

std::vector<LineRange> ranges_of(const std::set<std::uint64_t>& lines) {
  std::vector<LineRange> ranges;
  for (const std::uint64_t line : lines) {
    if (!ranges.empty() && ranges.back().last + 1 == line) {
      ranges.back().last = line;
    } else {
      ranges.push_back({line, line});
    }
  }
  return ranges;
}

}  // namespace

TEST_CASE("line ranges: lines that are added in any order, and removed again, are those that are in the ranges") {
  std::set<std::uint64_t> lines;
  std::vector<LineRange> ranges;
  std::uint64_t random = 7;
  for (int step = 0; step < 2'000; ++step) {
    random = random * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    const std::uint64_t line = (random >> 33U) % 40 + 1;
    CAPTURE(step);
    CAPTURE(line);
    if (random >> 63U != 0) {
      lines.insert(line);
      line_ranges::add(ranges, line);
    } else {
      lines.erase(line);
      line_ranges::remove(ranges, line);
    }
    REQUIRE(ranges == ranges_of(lines));
    CHECK(line_ranges::contain(ranges, line) == (lines.count(line) != 0));
  }
}

TEST_CASE("line ranges: as text, of many only the first ones") {
  CHECK(line_ranges::text({{7, 7}}) == "line 7");
  CHECK(line_ranges::text({{7, 9}}) == "lines 7 to 9");
  CHECK(line_ranges::text({{7, 9}, {20, 20}}) == "lines 7 to 9 and 20");
  std::vector<LineRange> many;
  for (std::uint64_t line = 1; line < 40; line += 2) {
    many.push_back({line, line});
  }
  CHECK(line_ranges::text(many) == "lines 1, 3, 5, 7, 9, 11, 13, 15 and others up to 39");
}

}  // namespace line_ranges_test
