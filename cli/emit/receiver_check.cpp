#include "receiver_check.hpp"

namespace socketio::cli {

std::optional<bool> ReceiverCheck::add(EmitId id, const InFlight::Line& line, std::int64_t receivers, bool can_count) {
  const ServerCounts::Place place = line.place;
  const bool to_all = line.to_all_servers;
  const std::int64_t servers = counts_.servers_among(place, receivers, to_all, INT64_MAX, line.by_main);
  tally_.receivers.add(servers);
  const std::uint64_t known = counts_.servers(place).value_or(0);
  tally_.empty_rooms += receivers == 0 && known != 0 ? 1U : 0U;
  if (!options_.input || !counts_.is_known(place)) [[unlikely]] {
    return false;
  }
  const std::uint64_t most = counts_.most_servers(place);
  const bool is_fewer = to_all && static_cast<std::uint64_t>(servers) < most && !options_.counts_one_node();
  if (!can_count) {
    return is_fewer;
  }
  const bool is_new = counts_.note(place, receivers, to_all);
  const std::int64_t others = counts_.others(place, to_all, line.by_main);
  const Unsure emit{place, to_all, receivers, servers, others, line.by_main};
  if (receivers - others > servers) [[unlikely]] {
    ++above_[emit];
    wants_count = wants_count || is_new;
  }
  if (is_fewer && (static_cast<std::uint64_t>(servers) < known || !held_.empty())) [[unlikely]] {
    held_.push_back({id, line.number, most, emit});
    wants_count = wants_count || is_new || is_full();
    return std::nullopt;
  }
  return is_fewer;
}

std::optional<bool> ReceiverCheck::add_entry(EmitId id, const InFlight::Line& line, bool can_count) {
  ++tally_.receivers_unknown;
  const auto servers = counts_.servers(line.place);
  if (!options_.input || !servers) {
    return false;
  }
  const std::uint64_t most = counts_.most_servers(line.place);
  if (!can_count || (*servers < most && held_.empty())) {
    return *servers < most;
  }
  held_.push_back({id, line.number, most, {line.place, true, 0, static_cast<std::int64_t>(*servers), 0}, true});
  wants_count = wants_count || is_full();
  return std::nullopt;
}

void ReceiverCheck::decide(const Decided& decided) {
  for (const auto& [emit, emits] : std::exchange(above_, {})) {
    recount(emit, emits);
  }
  for (const Held& held : std::exchange(held_, {})) {
    const std::int64_t servers = held.is_entry ? servers_of_entry(held.emit) : recount(held.emit, 1);
    decided(held.id, held.line, static_cast<std::uint64_t>(servers) < held.most_servers);
  }
}

std::int64_t ReceiverCheck::servers_of_entry(const Unsure& emit) const {
  return std::min(emit.counted, static_cast<std::int64_t>(counts_.servers(emit.place).value_or(0)));
}

/// Moves emits to the number of servers that they reached as is known now, and returns it.
std::int64_t ReceiverCheck::recount(const Unsure& emit, std::uint64_t emits) {
  const std::int64_t servers = counts_.servers_among(emit.place, emit.receivers, emit.to_all, emit.others, emit.by_main);
  if (servers <= emit.counted) {
    return emit.counted;
  }
  tally_.receivers.change(emit.counted, servers, emits);
  return servers;
}

}  // namespace socketio::cli
