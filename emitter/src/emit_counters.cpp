#include "emit_counters.hpp"

#include <algorithm>
#include <utility>

namespace socketio::emitter {
namespace {

void add(EmitSummary& summary, redis::Outcome outcome, std::optional<std::int64_t> receivers, std::string_view message) {
  switch (outcome) {
    case redis::Outcome::ok:
      if (!receivers) {
        ++summary.receivers_unknown;
      } else {
        const bool is_first = summary.confirmed == summary.receivers_unknown;
        summary.receivers_min = is_first ? *receivers : std::min(summary.receivers_min, *receivers);
        summary.receivers_max = std::max(summary.receivers_max, *receivers);
        summary.no_receivers += *receivers == 0 ? 1 : 0;
      }
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

/// Adds the counts of a later period.
void merge(EmitSummary& total, const EmitSummary& period) {
  const auto known = [](const EmitSummary& summary) { return summary.confirmed - summary.receivers_unknown; };
  if (known(period) != 0) {
    total.receivers_min = known(total) == 0 ? period.receivers_min : std::min(total.receivers_min, period.receivers_min);
    total.receivers_max = std::max(total.receivers_max, period.receivers_max);
  }
  total.confirmed += period.confirmed;
  total.refused += period.refused;
  total.not_sent += period.not_sent;
  total.unconfirmed += period.unconfirmed;
  total.no_receivers += period.no_receivers;
  total.receivers_unknown += period.receivers_unknown;
  total.selected_nobody += period.selected_nobody;
  total.reached_fewer += period.reached_fewer;
  total.stalled_servers += period.stalled_servers;
  if (total.message.empty()) {
    total.message = period.message;
  }
  if (total.note.empty()) {
    total.note = period.note;
  }
}

}  // namespace

void EmitCounters::end(redis::Outcome outcome, std::optional<std::int64_t> receivers, std::string_view message,
                       Reach::Place place) {
  --waiting_;
  if (outcome == redis::Outcome::ok && receivers && reach_.is_fewer(place, *receivers)) [[unlikely]] {
    ++period_.reached_fewer;
  }
  add(period_, outcome, receivers, message);
}

EmitSummary EmitCounters::totals() const {
  EmitSummary summary = before_;
  merge(summary, period_);
  summary.waiting = waiting_;
  return summary;
}

EmitSummary EmitCounters::take_period() {
  merge(before_, period_);
  reach_.begin_period();
  EmitSummary summary = std::exchange(period_, {});
  summary.waiting = waiting_;
  return summary;
}

}  // namespace socketio::emitter
