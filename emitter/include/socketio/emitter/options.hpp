#pragma once

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
#include <socketio/emitter/transport.hpp>
#include <socketio/redis/client.hpp>

namespace socketio {

/// How one emit ended. Every emit ends exactly once.
struct EmitResult {
  EmitId id = 0;
  redis::Outcome outcome = redis::Outcome::ok;
  /// Servers that Redis handed the message to; 0: nobody was there to get it. Nothing where that is not known: a stream takes
  /// an event whether or not somebody reads it. Of several transports: the sum, if all of them tell.
  std::optional<std::int64_t> receivers;
  std::string_view message;  ///< why, when it is not ok; good during the call
  /// An empty list of rooms was given: nothing was published, `outcome` is ok and `receivers` 0.
  bool selected_nobody = false;
};
using OnResult = std::function<void(const EmitResult&)>;

/// What became of a number of emits. Receivers are counted by Redis: servers (of any language), and whoever else listens.
struct EmitSummary {
  std::uint64_t confirmed = 0;     ///< Redis took them
  std::uint64_t refused = 0;       ///< Redis answered with an error
  std::uint64_t not_sent = 0;      ///< Redis never saw them
  std::uint64_t unconfirmed = 0;   ///< written, but the connection ended before the answer; they are not sent again
  std::uint64_t waiting = 0;       ///< not ended yet
  std::uint64_t no_receivers = 0;  ///< confirmed, and reached no server
  /// Confirmed, and nobody knows how many servers they reached (streams). The counts of receivers do not speak of them.
  std::uint64_t receivers_unknown = 0;
  std::uint64_t selected_nobody = 0;  ///< an empty list of rooms was given, so nothing was published; not among `confirmed`
  std::int64_t receivers_min = 0;     ///< of the confirmed ones
  std::int64_t receivers_max = 0;
  std::string message;  ///< why the first one that failed did; or why there is no connection

  /// Everything that was emitted has been taken by Redis.
  [[nodiscard]] bool ok() const noexcept { return refused + not_sent + unconfirmed + waiting == 0; }
  [[nodiscard]] std::uint64_t failed() const noexcept { return refused + not_sent; }
};

struct EmitterOptions {
  /// How the fleet's servers talk to each other. `automatic`: Redis is asked who listens in the namespace of the first emit,
  /// and emits wait for the answer (`stream_count` is found, too, unless it is above 1). When nobody listens they are sent as
  /// classic, and at the next emit, a second later at the earliest, it is asked again. Several transports, or a Redis that does
  /// not tell: emits end as refused, with the reason. Not together with `also`.
  Transport transport = Transport::classic;
  /// Further ones, for a fleet that is being moved from one to another: every emit goes to all of them, and is confirmed when
  /// each has taken it. Server-side events cannot go to classic and streams servers at once, as they have one key here, see
  /// FleetSettings::beside_classic.
  std::vector<Transport> also = {};
  /// The prefix of all channels, as the fleet's adapters have it (classic: `key`; sharded, streams: `channelPrefix`).
  std::string key = "socket.io";
  /// Sharded: the `subscriptionMode` of the adapters.
  SubscriptionMode sharded_mode = SubscriptionMode::dynamic;
  /// Streams: the adapters' `streamName`, `streamCount`, `maxLen` and `useShardedPubSub`.
  std::string stream_name = "socket.io";
  std::uint32_t stream_count = 1;
  std::uint64_t stream_length_max = 10'000;
  bool use_sharded_pubsub = false;
  /// See FleetSettings::beside_classic. True anyhow where one of the transports is classic.
  bool beside_classic = false;
  /// The namespace that operations start from; "/" is put in front unless it is there.
  std::string nsp = "/";
  std::size_t message_bytes_max = limits::message_bytes_max;
  /// Blocking form: while Redis takes messages more slowly than they are made, emit() waits when so many bytes are unwritten.
  std::size_t write_ahead_bytes = 256 * 1024;
  /// Blocking form: while Redis is away, emits gather up to `redis.queue_bytes_max`; then emit() waits for room, for at most so
  /// long since Redis was lost, and then fails (outcome not_sent).
  std::uint32_t full_queue_wait_ms = limits::command_timeout_ms;
  /// Blocking form: what the destructor may spend on sending the rest.
  std::uint32_t close_timeout_ms = limits::close_timeout_ms;
  /// Called once for each emit, when it has ended: in the blocking form on the thread that emits, flushes or closes, after the
  /// emitter's lock was left. May emit.
  OnResult on_result;

  /// The settings of one of the transports.
  [[nodiscard]] SOCKETIO_API FleetSettings fleet(Transport of) const;
};

}  // namespace socketio
