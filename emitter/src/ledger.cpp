#include "ledger.hpp"

#include <algorithm>
#include <utility>

namespace socketio::emitter {
namespace {

void add(EmitSummary& summary, redis::Outcome outcome, std::int64_t receivers, std::string_view message) {
  switch (outcome) {
    case redis::Outcome::ok:
      summary.receivers_min = summary.confirmed == 0 ? receivers : std::min(summary.receivers_min, receivers);
      summary.receivers_max = std::max(summary.receivers_max, receivers);
      summary.no_receivers += receivers == 0 ? 1 : 0;
      ++summary.confirmed;
      return;
    case redis::Outcome::refused: ++summary.refused; break;
    case redis::Outcome::not_sent: ++summary.not_sent; break;
    case redis::Outcome::unconfirmed: ++summary.unconfirmed; break;
  }
  if (summary.message.empty()) {
    summary.message = message;
  }
}

}  // namespace

void Ledger::end(redis::Outcome outcome, std::int64_t receivers, std::string_view message) {
  --waiting_;
  add(totals_, outcome, receivers, message);
  add(period_, outcome, receivers, message);
}

EmitSummary Ledger::totals() const {
  EmitSummary summary = totals_;
  summary.waiting = waiting_;
  return summary;
}

EmitSummary Ledger::take_period() {
  EmitSummary summary = std::exchange(period_, {});
  summary.waiting = waiting_;
  return summary;
}

}  // namespace socketio::emitter
