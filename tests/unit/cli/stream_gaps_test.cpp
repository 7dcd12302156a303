#include "fleet/stream_gaps.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace stream_gaps_test {

using namespace socketio::cli::fleet;

namespace {

/// The entries from `first` to `last`, each in a millisecond of its own.
std::vector<StreamPosition> entries(std::uint64_t first, std::uint64_t last) {
  std::vector<StreamPosition> result;
  for (std::uint64_t number = first; number <= last; ++number) {
    result.emplace_back(number, 0);
  }
  return result;
}

/// A stream to which `added` entries were added, each in a millisecond of its own, and of which the last ones are left.
StreamInfo info(std::uint64_t added, std::uint64_t length) {
  return {length == 0 ? std::nullopt : std::optional(StreamPosition{added - length + 1, 0}), {added, 0}, length, added};
}

StreamInfo of_redis_6(StreamInfo info) {
  info.added.reset();
  return info;
}

}  // namespace

TEST_CASE("stream gaps: a stream that drops only what was read has none") {
  StreamGaps gaps;
  gaps.begin({50, 0}, info(50, 20), 10);
  CHECK_FALSE(gaps.take(entries(51, 51)));  // all there was: nothing can be missing
  CHECK(gaps.take(entries(52, 61)));
  CHECK_FALSE(gaps.look(info(70, 20)));
  CHECK(gaps.take(entries(62, 71)));
  CHECK_FALSE(gaps.look(info(81, 20)));  // the entry before is gone, and all behind it was read
}

TEST_CASE("stream gaps: what is gone is counted once, wherever the oldest entry is by now") {
  for (const std::uint64_t oldest : {81U, 85U, 90U, 91U}) {
    CAPTURE(oldest);
    StreamGaps gaps;
    gaps.begin({50, 0}, info(50, 20), 10);
    CHECK(gaps.take(entries(81, 90)));
    const auto gap = gaps.look(info(oldest + 19, 20));
    REQUIRE(gap);
    CHECK(gap->count == 30);
    CHECK(gaps.take(entries(91, 100)));
    CHECK_FALSE(gaps.look(info(110, 20)));
  }
}

TEST_CASE("stream gaps: what is gone before and behind the entries that were read") {
  StreamGaps gaps;
  gaps.begin({50, 0}, info(50, 20), 10);
  CHECK(gaps.take(entries(81, 90)));
  CHECK(gaps.look(info(220, 20))->count == 140);  // 51 to 80, 91 to 200
  CHECK(gaps.take(entries(201, 210)));
  CHECK_FALSE(gaps.look(info(220, 20)));
  CHECK(gaps.take(entries(221, 230)));
  CHECK(gaps.look(info(240, 20))->count == 10);
}

TEST_CASE("stream gaps: where Redis does not count entries, something may be missing when the entry before is gone") {
  StreamGaps gaps;
  gaps.begin({50, 0}, of_redis_6(info(50, 20)), 10);
  CHECK(gaps.take(entries(51, 60)));
  CHECK_FALSE(gaps.look(of_redis_6(info(69, 20))));
  CHECK(gaps.take(entries(81, 90)));
  const auto gap = gaps.look(of_redis_6(info(100, 20)));
  REQUIRE(gap);
  CHECK_FALSE(gap->count);
}

TEST_CASE("stream gaps: history that was gone when reading began is not missing, what goes while it is read is") {
  StreamGaps gaps;
  gaps.begin({0, 0}, info(50, 20), 10);
  CHECK_FALSE(gaps.take(entries(31, 40)));
  CHECK(gaps.take(entries(41, 50)));
  CHECK_FALSE(gaps.look(info(55, 20)));
  CHECK(gaps.take(entries(61, 70)));
  CHECK(gaps.look(info(80, 20))->count == 10);
}

TEST_CASE("stream gaps: in a stream that did not exist everything counts") {
  StreamGaps gaps;
  gaps.begin({0, 0}, StreamInfo{{}, {}, 0, 0}, 10);
  CHECK(gaps.take(entries(31, 40)));
  CHECK(gaps.look(info(50, 20))->count == 30);
  StreamGaps of_old;
  of_old.begin({0, 0}, StreamInfo{{}, {}, 0, 0}, 10);
  CHECK(of_old.take(entries(1, 10)));
  CHECK_FALSE(of_old.look(of_redis_6(info(50, 50))));
}

TEST_CASE("stream gaps: a stream that was made anew is no reason for a number") {
  StreamGaps gaps;
  gaps.begin({50, 0}, info(50, 20), 10);
  CHECK(gaps.take(entries(60, 69)));
  CHECK_FALSE(gaps.look({StreamPosition{60, 0}, {69, 0}, 10, 10}));
}

}  // namespace stream_gaps_test
