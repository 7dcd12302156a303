#include "emit/receiver_check.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <utility>
#include <vector>

namespace receiver_check_test {

using namespace socketio::cli;

namespace {

struct Fixture {
  Fixture() { options.input = "-"; }

  std::optional<bool> add(std::uint64_t line, std::int64_t receivers) {
    return check.add(line, {line, Op::emit, place, true}, receivers, true);
  }
  std::optional<bool> add_entry(std::uint64_t line) { return check.add_entry(line, {line, Op::emit, place, true}, true); }
  /// Line, and whether it reached fewer servers, of the emits that the last count decides.
  std::vector<std::pair<std::uint64_t, bool>> decided() {
    std::vector<std::pair<std::uint64_t, bool>> result;
    check.decide([&result](socketio::EmitId, std::uint64_t line, bool is_fewer) { result.emplace_back(line, is_fewer); });
    return result;
  }

  Options options;
  ServerCounts counts;
  Tally tally;
  ReceiverCheck check{options, counts, tally};
  ServerCounts::Place place = counts.place_of("/");
};

using Decided = std::vector<std::pair<std::uint64_t, bool>>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "receivers: an emit that reached fewer than there were is decided by the next count") {
  counts.set(place, 2, 0);
  CHECK(add(1, 2) == false);
  CHECK_FALSE(add(2, 1));
  CHECK(check.wants_count);
  CHECK(check.holds());
  counts.set(place, 1, 0);
  CHECK(decided() == Decided{{2, true}});
  CHECK_FALSE(check.is_undecided());
  CHECK(tally.receivers.min() == 1);
}

TEST_CASE_FIXTURE(Fixture, "receivers: when a tap has left, as many servers were reached as before") {
  counts.set(place, 2, 1);
  CHECK(add(1, 3) == false);
  CHECK_FALSE(add(2, 2));
  counts.set(place, 2, 0);
  CHECK(decided() == Decided{{2, false}});
  CHECK(tally.receivers.min() == 2);
}

TEST_CASE_FIXTURE(Fixture, "receivers: what reached more than are known counts as servers once these are counted") {
  counts.set(place, 1, 0);
  CHECK(add(1, 2) == false);
  CHECK(tally.receivers.min() == 1);
  CHECK(check.is_undecided());
  counts.set(place, 2, 0);
  CHECK(decided().empty());
  CHECK(tally.receivers.min() == 2);
}

TEST_CASE_FIXTURE(Fixture, "receivers: servers of another transport stand in for no server that has left") {
  counts.set(place, 1, 0, true, 1);  // both subscribe to the channel of the namespace
  CHECK(add(1, 2) == false);
  CHECK(check.add(2, {2, Op::emit, place, true, false}, 1, true) == false);  // but only one to those of rooms
  CHECK(tally.receivers.min() == 1);
  CHECK_FALSE(add(3, 1));
  SUBCASE("the server has left") {
    counts.set(place, 0, 0, true, 1);
    CHECK(decided() == Decided{{3, true}});
    CHECK(add(4, 1) == true);
  }
  SUBCASE("the other one has left") {
    counts.set(place, 1, 0);
    CHECK(decided() == Decided{{3, false}});
    CHECK(add(4, 1) == false);
  }
}

TEST_CASE_FIXTURE(Fixture, "receivers: what goes into a stream reached the servers that are counted before it and after it") {
  counts.set(place, 2, 0);
  CHECK_FALSE(add_entry(1));
  counts.set(place, 2, 0);
  CHECK(decided() == Decided{{1, false}});
  CHECK_FALSE(add_entry(2));
  CHECK_FALSE(add_entry(3));
  counts.set(place, 1, 0);
  CHECK(decided() == Decided{{2, true}, {3, true}});
  CHECK(add_entry(4) == true);
  counts.set(place, 2, 0);
  CHECK_FALSE(add_entry(5));
  CHECK(decided() == Decided{{5, false}});
  CHECK(tally.receivers_unknown == 5);
  CHECK(tally.receivers.total() == 0);
}

TEST_CASE_FIXTURE(Fixture,
                  "receivers: where nobody can count the servers of a stream, an emit into it is compared with nothing") {
  CHECK(add_entry(1) == false);
  CHECK_FALSE(check.is_undecided());
}

TEST_CASE_FIXTURE(Fixture, "receivers: a single emit is compared with nothing") {
  options.input.reset();
  counts.set(place, 2, 0);
  CHECK(add(1, 0) == false);
  CHECK(tally.empty_rooms == 1);
  CHECK_FALSE(check.is_undecided());
}

}  // namespace receiver_check_test
