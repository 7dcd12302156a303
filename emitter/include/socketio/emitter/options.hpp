#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/emitter/outlet.hpp>
#include <socketio/fleet/fleet.hpp>
#include <socketio/redis/client.hpp>

namespace socketio {

/// Outcome of one emit. Every emit ends exactly once.
struct EmitResult {
  EmitId id = 0;
  redis::Outcome outcome = redis::Outcome::ok;
  /// Servers to which Redis delivered the message; 0 when none was subscribed. Empty when not known: a stream accepts an event
  /// whether or not a server reads it. With several transports: the sum, or empty unless all of them report a count.
  std::optional<std::int64_t> receivers;
  std::string_view message;  ///< the reason when `outcome` is not ok; valid during the call
  /// An empty list of rooms was given: nothing was published, `outcome` is ok and `receivers` 0.
  bool selected_nobody = false;
};
using OnResult = std::function<void(const EmitResult&)>;

/// Outcomes of a number of emits. Receivers are counted by Redis: servers of any language, and every other subscriber.
struct EmitSummary {
  std::uint64_t confirmed = 0;     ///< Redis accepted them
  std::uint64_t refused = 0;       ///< Redis answered with an error
  std::uint64_t not_sent = 0;      ///< never written to Redis
  std::uint64_t unconfirmed = 0;   ///< written, but the connection closed before the reply; they are not sent again
  std::uint64_t waiting = 0;       ///< not ended yet
  std::uint64_t no_receivers = 0;  ///< confirmed, and delivered to no server
  /// Confirmed, with an unknown number of receivers (streams). Not part of the counts of receivers.
  std::uint64_t receivers_unknown = 0;
  std::uint64_t selected_nobody = 0;  ///< an empty list of rooms was given, so nothing was published; not among `confirmed`
  /// Confirmed emits that were delivered to fewer subscribers than an earlier emit to all servers of the same namespace: a
  /// server was disconnected, restarted or stopped meanwhile (or another subscriber ended, such as `socketio-fleet tap`).
  /// Compares emits since the last flush(), and the first of them with the last one before that flush(). 0 where Redis does
  /// not count all servers: streams, the channel of a single room in a sharded fleet, classic in a Redis Cluster.
  std::uint64_t reached_fewer = 0;
  /// Servers that emit() no longer waited for, see EmitterOptions::slow_server_wait. They may miss emits.
  std::uint64_t stalled_servers = 0;
  std::int64_t receivers_min = 0;     ///< of the confirmed ones
  std::int64_t receivers_max = 0;
  std::string message;  ///< reason of the first failure, or why there is no connection
  std::string note;     ///< one sentence: why servers were not waited for, although emits were accepted; empty otherwise

  /// True when Redis accepted every emit. It does not check whether they reached servers: see reached_all().
  [[nodiscard]] bool ok() const noexcept { return refused + not_sent + unconfirmed + waiting == 0; }
  /// True when Redis accepted every emit and, as far as Redis reports it, each one reached all servers: each reached at least
  /// one server and not fewer than before, and emit() did not stop waiting for any server. In a sharded fleet, it is false after
  /// an emit to a room without clients, which reaches no server.
  [[nodiscard]] bool reached_all() const noexcept {
    return ok() && no_receivers == 0 && reached_fewer == 0 && stalled_servers == 0;
  }
  [[nodiscard]] std::uint64_t failed() const noexcept { return refused + not_sent; }
};

/// `transport` may be `automatic`: the first emit detects the transport of the servers in its namespace from their
/// subscriptions, and emits wait for the result (`stream_count` is detected, too, unless it is above 1). When no server is
/// subscribed they are sent as classic, and the next emit, a second later at the earliest, starts the detection again. When
/// servers of several transports are subscribed, or Redis does not respond to the detection, emits fail with the reason.
///
/// `beside_classic` is implied when one of the transports is classic.
struct EmitterOptions : Fleet {
  /// Further transports, for a fleet that is migrated from one to another: every emit is published on all of them, and is
  /// confirmed when Redis accepted it for each. Server-side events cannot be sent to classic and streams servers together,
  /// because both have the same key here, see Fleet::beside_classic. Cannot be combined with Transport::automatic.
  std::vector<Transport> also = {};
  /// The namespace that operations start from; "/" is put in front unless it is there.
  std::string nsp = "/";
  std::size_t message_bytes_max = limits::message_bytes_max;
  /// Blocking form: number of unwritten bytes at which emit() waits, while Redis accepts messages more slowly than they are
  /// emitted.
  std::size_t write_ahead_bytes = 256 * 1024;
  /// Blocking form: while Redis is disconnected, emits are queued up to `redis.queue_bytes_max`; then emit() waits for space in
  /// the queue until this long after the disconnect, and then fails (outcome not_sent).
  std::chrono::milliseconds full_queue_wait = limits::command_timeout;
  /// Blocking form: longest time that the destructor waits for the pending emits to be sent.
  std::chrono::milliseconds close_timeout = limits::close_timeout;
  /// Blocking form: emit() waits for servers that read more slowly than it sends, because Redis disconnects slow subscribers
  /// (client-output-buffer-limit) and streams drop entries that were not read. After this long without any progress of a server
  /// it goes on without that server (EmitSummary::stalled_servers). 0: emit() does not look at the servers.
  ///
  /// Cost       one CLIENT LIST for every few megabytes, none before the first megabyte; with streams, one for every quarter of
  ///            `stream_length_max`, and of `client-output-buffer-limit normal` where that is set. Redis users need the right to `client|list`; without it emit() does not wait
  ///            (EmitSummary::note). The limits come from CONFIG GET, or are Redis' default values where that is refused.
  std::chrono::milliseconds slow_server_wait = limits::slow_server_wait;
  /// Called once for each emit, when it has ended: in the blocking form on the thread that emits, flushes or closes, after the
  /// emitter's lock is released. May emit.
  OnResult on_result;

  /// Returns the settings for one of the transports.
  [[nodiscard]] SOCKETIO_API Fleet fleet(Transport of) const;
};

}  // namespace socketio
