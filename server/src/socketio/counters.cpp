#include "counters.hpp"

namespace socketio::server {
namespace {

/// A counter that is added to these structs must be added here.
template <typename Counters, std::size_t count>
constexpr bool has_counters = sizeof(Counters) == count * sizeof(Counter);

void add(EngineCounters& sum, const EngineCounters& more) {
  static_assert(has_counters<EngineCounters, 10>);
  sum.sessions += more.sessions;
  sum.upgrades += more.upgrades;
  sum.refused += more.refused;
  sum.parse_errors += more.parse_errors;
  sum.ping_timeouts += more.ping_timeouts;
  sum.messages_too_large += more.messages_too_large;
  sum.queue_full += more.queue_full;
  sum.volatile_dropped += more.volatile_dropped;
  sum.messages_in += more.messages_in;
  sum.messages_out += more.messages_out;
}

void add(HttpCounters& sum, const HttpCounters& more) {
  static_assert(has_counters<HttpCounters, 6>);
  sum.accepted += more.accepted;
  sum.refused_limit += more.refused_limit;
  sum.requests += more.requests;
  sum.bad_requests += more.bad_requests;
  sum.too_large += more.too_large;
  sum.timeouts += more.timeouts;
}

}  // namespace

void add(ServerCounters& sum, const ServerCounters& more) {
  static_assert(has_counters<ServerCounters, 10 + 6 + 18>);
  add(sum.engine, more.engine);
  add(sum.http, more.http);
  sum.sockets_connected += more.sockets_connected;
  sum.sockets_disconnected += more.sockets_disconnected;
  sum.connects_refused += more.connects_refused;
  sum.connect_timeouts += more.connect_timeouts;
  sum.protocol_violations += more.protocol_violations;
  sum.wrong_state += more.wrong_state;
  sum.events_received += more.events_received;
  sum.events_unheard += more.events_unheard;
  sum.events_refused += more.events_refused;
  sum.arguments_did_not_fit += more.arguments_did_not_fit;
  sum.handlers_threw += more.handlers_threw;
  sum.acks_unknown += more.acks_unknown;
  sum.acks_timed_out += more.acks_timed_out;
  sum.acks_refused += more.acks_refused;
  sum.unsendable += more.unsendable;
  sum.sessions_recovered += more.sessions_recovered;
  sum.joins_refused += more.joins_refused;
  sum.dropped_busy_thread += more.dropped_busy_thread;
}

}  // namespace socketio::server
