// How emits are counted.

#include <doctest/doctest.h>

#include "emit_counters.hpp"

namespace emit_counters_test {

using socketio::EmitSummary;
using socketio::emitter::EmitCounters;
using socketio::redis::Outcome;

namespace {

void end(EmitCounters& emits, Outcome outcome, std::optional<std::int64_t> receivers = {}, std::string_view message = {}) {
  emits.begin();
  emits.end(outcome, receivers, message);
}

}  // namespace

TEST_CASE("emit counters: emits whose receivers nobody knows are confirmed, and change no count of receivers") {
  EmitCounters emits;
  end(emits, Outcome::ok);
  end(emits, Outcome::ok, 3);
  end(emits, Outcome::ok);
  end(emits, Outcome::ok, 2);
  const EmitSummary summary = emits.take_period();
  CHECK(summary.confirmed == 4);
  CHECK(summary.receivers_unknown == 2);
  CHECK(summary.no_receivers == 0);
  CHECK(summary.receivers_min == 2);
  CHECK(summary.receivers_max == 3);
  CHECK(summary.ok());
}

TEST_CASE("emit counters: totals are the sum of all periods, the current one included") {
  EmitCounters emits;
  end(emits, Outcome::ok, 5);
  end(emits, Outcome::refused, {}, "no");
  emits.take_period();
  end(emits, Outcome::ok);
  end(emits, Outcome::unconfirmed, {}, "gone");
  emits.take_period();
  end(emits, Outcome::ok, 0);
  end(emits, Outcome::not_sent);
  emits.begin();
  const EmitSummary totals = emits.totals();
  CHECK(totals.confirmed == 3);
  CHECK(totals.refused == 1);
  CHECK(totals.unconfirmed == 1);
  CHECK(totals.not_sent == 1);
  CHECK(totals.waiting == 1);
  CHECK(totals.no_receivers == 1);
  CHECK(totals.receivers_unknown == 1);
  CHECK(totals.receivers_min == 0);
  CHECK(totals.receivers_max == 5);
  CHECK(totals.message == "no");
  CHECK(emits.take_period().confirmed == 1);
  CHECK(emits.totals().confirmed == 3);
}

TEST_CASE("emit counters: emits that reached fewer subscribers than one before them in the namespace are counted") {
  EmitCounters emits;
  const auto root = emits.place_of("/");
  const auto admin = emits.place_of("/admin");
  CHECK(root != admin);
  CHECK(emits.place_of("/") == root);
  const auto reach = [&](std::uint16_t place, std::int64_t receivers) {
    emits.begin();
    emits.end(Outcome::ok, receivers, {}, place);
  };
  reach(root, 2);
  reach(root, 3);
  reach(admin, 1);  // another namespace has other servers
  reach(0, 0);      // the channel of one room: not compared
  CHECK(emits.totals().reached_fewer == 0);
  reach(root, 2);
  reach(root, 3);
  reach(root, 0);
  const EmitSummary first = emits.take_period();
  CHECK(first.reached_fewer == 2);
  CHECK_FALSE(first.reached_all());

  reach(root, 0);  // as many as at the end of the period before
  reach(root, 2);
  CHECK(emits.take_period().reached_fewer == 0);
  reach(root, 1);
  CHECK(emits.take_period().reached_fewer == 1);
  CHECK(emits.totals().reached_fewer == 3);
}

TEST_CASE("emit counters: an emit's number and the place of its namespace are carried as one") {
  using socketio::emitter::Reach;
  const auto tag = Reach::tag(123'456'789'012, 1'024);
  CHECK(Reach::id_of(tag) == 123'456'789'012);
  CHECK(Reach::place_of_tag(tag) == 1'024);
  Reach reach;
  for (std::size_t number = 0; number < Reach::places_max; ++number) {
    REQUIRE(reach.place_of("/" + std::to_string(number)) == number + 1);
  }
  CHECK(reach.place_of("/one-more") == 0);
  CHECK(reach.place_of("/7") == 8);
}

}  // namespace emit_counters_test
