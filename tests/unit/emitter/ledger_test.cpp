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

}  // namespace ledger_test
