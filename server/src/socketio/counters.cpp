#include "counters.hpp"

namespace socketio::server {
namespace {

/// A counter that is added to these structs must be added here.
template <typename Counters, std::size_t count>
constexpr bool has_counters = sizeof(Counters) == count * sizeof(Counter);

void add(EngineCounters& sum, const EngineCounters& more) {
  static_assert(has_counters<EngineCounters, 13>);
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
  sum.decisions_timed_out += more.decisions_timed_out;
  sum.decisions_missing += more.decisions_missing;
  sum.decisions_refused += more.decisions_refused;
}

void add(HttpCounters& sum, const HttpCounters& more) {
  static_assert(has_counters<HttpCounters, 7>);
  sum.accepted += more.accepted;
  sum.refused_limit += more.refused_limit;
  sum.requests += more.requests;
  sum.bad_requests += more.bad_requests;
  sum.too_large += more.too_large;
  sum.timeouts += more.timeouts;
  sum.bad_proxy_headers += more.bad_proxy_headers;
}

void add(RouteCounters& sum, const RouteCounters& more) {
  static_assert(has_counters<RouteCounters, 7>);
  sum.requests += more.requests;
  sum.not_found += more.not_found;
  sum.method_not_allowed += more.method_not_allowed;
  sum.bodies_too_large += more.bodies_too_large;
  sum.answers_timed_out += more.answers_timed_out;
  sum.answers_missing += more.answers_missing;
  sum.answers_refused += more.answers_refused;
}

}  // namespace

void add(ServerCounters& sum, const ServerCounters& more) {
  static_assert(has_counters<ServerCounters, 13 + 7 + 7 + 18>);
  add(sum.engine, more.engine);
  add(sum.http, more.http);
  add(sum.routes, more.routes);
  sum.sockets_connected += more.sockets_connected;
  sum.sockets_disconnected += more.sockets_disconnected;
  sum.connects_refused += more.connects_refused;
  sum.connect_timeouts += more.connect_timeouts;
  sum.protocol_violations += more.protocol_violations;
  sum.wrong_state += more.wrong_state;
  sum.events_received += more.events_received;
  sum.events_unhandled += more.events_unhandled;
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
