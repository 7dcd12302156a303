// How emits are counted.

#include <doctest/doctest.h>

#include "ledger.hpp"

namespace ledger_test {

using socketio::EmitSummary;
using socketio::emitter::Ledger;
using socketio::redis::Outcome;

namespace {

void end(Ledger& ledger, Outcome outcome, std::optional<std::int64_t> receivers = {}, std::string_view message = {}) {
  ledger.begin();
  ledger.end(outcome, receivers, message);
}

}  // namespace

TEST_CASE("ledger: emits whose receivers nobody knows are confirmed, and change no count of receivers") {
  Ledger ledger;
  end(ledger, Outcome::ok);
  end(ledger, Outcome::ok, 3);
  end(ledger, Outcome::ok);
  end(ledger, Outcome::ok, 2);
  const EmitSummary summary = ledger.take_period();
  CHECK(summary.confirmed == 4);
  CHECK(summary.receivers_unknown == 2);
  CHECK(summary.no_receivers == 0);
  CHECK(summary.receivers_min == 2);
  CHECK(summary.receivers_max == 3);
  CHECK(summary.ok());
}

TEST_CASE("ledger: totals are the sum of all periods, the current one included") {
  Ledger ledger;
  end(ledger, Outcome::ok, 5);
  end(ledger, Outcome::refused, {}, "no");
  ledger.take_period();
  end(ledger, Outcome::ok);
  end(ledger, Outcome::unconfirmed, {}, "gone");
  ledger.take_period();
  end(ledger, Outcome::ok, 0);
  end(ledger, Outcome::not_sent);
  ledger.begin();
  const EmitSummary totals = ledger.totals();
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
  CHECK(ledger.take_period().confirmed == 1);
  CHECK(ledger.totals().confirmed == 3);
}

TEST_CASE("ledger: emits that reached fewer subscribers than one before them in the namespace are counted") {
  Ledger ledger;
  const auto root = ledger.place_of("/");
  const auto admin = ledger.place_of("/admin");
  CHECK(root != admin);
  CHECK(ledger.place_of("/") == root);
  const auto reach = [&](std::uint16_t place, std::int64_t receivers) {
    ledger.begin();
    ledger.end(Outcome::ok, receivers, {}, place);
  };
  reach(root, 2);
  reach(root, 3);
  reach(admin, 1);  // another namespace has other servers
  reach(0, 0);      // the channel of one room: not compared
  CHECK(ledger.totals().reached_fewer == 0);
  reach(root, 2);
  reach(root, 3);
  reach(root, 0);
  const EmitSummary first = ledger.take_period();
  CHECK(first.reached_fewer == 2);
  CHECK_FALSE(first.reached_all());

  reach(root, 0);  // as many as at the end of the period before
  reach(root, 2);
  CHECK(ledger.take_period().reached_fewer == 0);
  reach(root, 1);
  CHECK(ledger.take_period().reached_fewer == 1);
  CHECK(ledger.totals().reached_fewer == 3);
}

TEST_CASE("ledger: an emit's number and the place of its namespace are carried as one") {
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

}  // namespace ledger_test
