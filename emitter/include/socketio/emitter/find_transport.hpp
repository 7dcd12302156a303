#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/export.hpp>
#include <socketio/fleet/fleet.hpp>
#include <socketio/redis/client.hpp>

namespace socketio {

/// The transport that servers are seen to use, or the reason why none can be named.
struct ChosenTransport {
  /// The only transport in use; empty when several or none are in use, or when Redis refused or did not respond.
  std::optional<Transport> transport;
  std::string message;                          ///< one sentence: why `transport` is empty
  redis::Outcome outcome = redis::Outcome::ok;  ///< other than ok: Redis refused or did not respond
};

/// Servers of a namespace, counted by the subscribers of the channels on which they count each other. Nothing is sent to them.
struct FoundTransport : ChosenTransport {
  std::size_t classic_servers = 0;
  std::size_t sharded_servers = 0;  ///< includes those of a streams fleet with `useShardedPubSub`: their channels look alike
  std::size_t streams_servers = 0;
  std::size_t sharded_taps = 0;  ///< `socketio-fleet tap` processes that subscribe like sharded servers; not counted above
  /// Subscribers of the sharded main channel that are neither servers nor taps: they have no response channel. Detected by
  /// find_transport() only; count_servers() counts them as servers.
  std::size_t sharded_strangers = 0;
  /// True when the servers counted as sharded may be a streams fleet with `useShardedPubSub`: at least as many connections as
  /// servers are in XREAD or, where Redis does not list connections, the fleet's streams exist.
  bool has_stream = false;
  /// True when they are such a streams fleet: one of them wrote an entry of a stream. `transport` is then streams.
  bool use_sharded_pubsub = false;
  /// Streams: the servers' `streamCount`; the one of the settings if that is above 1. 0 when the stream of the namespace cannot
  /// be determined; `stream_message` gives the reason.
  std::uint32_t stream_count = 1;
  bool is_read_elsewhere = false;  ///< the servers read another database, or streams of another name: `stream_message`
  std::string stream_message;      ///< one sentence: why `stream_count` is 0, or what the servers read
  std::string seen_stream_name;    ///< the servers' `streamName`, when `is_read_elsewhere` is true because of it
  /// The servers' `streamCount` as detected, even if the settings give one; empty when it cannot be determined.
  std::optional<std::uint32_t> seen_stream_count;
  /// Streams: `stream_count` gives the right stream for the namespace that was asked for; others may have another count.
  bool is_stream_of_namespace_only = false;
  bool has_own_stream = true;    ///< streams: a stream with the name of the settings exists, or that is not known
  bool is_cluster_node = false;  ///< this Redis is a node of a Redis Cluster

  /// True when no server of any transport is subscribed. False when Redis refused or did not respond.
  [[nodiscard]] bool nobody() const noexcept {
    return outcome == redis::Outcome::ok && classic_servers + sharded_servers + streams_servers == 0;
  }
};

/// State of a streams fleet as read from Redis.
struct SeenStreams {
  bool has_plain = false;  ///< the stream without a number exists
  /// The numbers of the streams that exist, ascending, each with the namespace of its last entry (empty when it has none).
  std::vector<std::pair<std::uint32_t, std::string>> numbered;
  std::optional<std::size_t> readers;  ///< connections that are in XREAD; empty when Redis does not list them
  std::size_t servers = 0;
  bool is_complete = true;  ///< Redis reported for every stream whether it exists
};

/// The servers' `streamCount`; empty when several counts fit `seen` and give the namespace different streams. While no stream
/// exists, no reader, or as many as servers, means a count of 1; more readers may belong to other programs, so the result is
/// empty.
[[nodiscard]] SOCKETIO_API std::optional<std::uint32_t> stream_count_of(const SeenStreams& seen, std::string_view nsp);

/// The namespaces with subscribed servers, sorted, per transport.
struct FoundNamespaces : ChosenTransport {
  std::vector<std::string> classic;
  std::vector<std::string> sharded;  ///< includes those of a streams fleet with `useShardedPubSub`
  std::vector<std::string> streams;
  bool has_stream = false;  ///< one of the fleet's streams exists

  [[nodiscard]] const std::vector<std::string>& of(Transport wanted) const noexcept {
    return wanted == Transport::classic ? classic : wanted == Transport::sharded ? sharded : streams;
  }
};

/// Detects which transport a fleet uses in a namespace. Never guesses.
///
/// `fleet`   names to look for (key, stream); its transport is ignored.
/// `client`  outlives the call; sends a few commands in one write, and for a sharded or streams fleet a few more, which find
///           `streamCount` from the existing streams and the connections that read them.
/// `done`    called exactly once, after this function has returned.
/// Cost      Redis scans all its channels, twice.
SOCKETIO_API void find_transport(redis::Client& client, const Fleet& fleet, std::string_view nsp,
                                 std::function<void(const FoundTransport&)> done);

/// Counts the servers of a namespace: find_transport() without the search for streams and for strangers. Redis scans nothing.
SOCKETIO_API void count_servers(redis::Client& client, const Fleet& fleet, std::string_view nsp,
                                std::function<void(const FoundTransport&)> done);

/// Finds the namespaces with subscribed servers, per transport.
///
/// `namespaces`  the only ones to look for; empty: all. The rest is as in find_transport().
/// Cost          Redis scans all its channels.
SOCKETIO_API void find_namespaces(redis::Client& client, const Fleet& fleet, std::vector<std::string> namespaces,
                                  std::function<void(const FoundNamespaces&)> done);

/// Calls find_transport() without a loop, on its own connection, for at most `timeout`.
[[nodiscard]] SOCKETIO_API FoundTransport find_transport(const redis::Options& redis, const Fleet& fleet,
                                                         std::string_view nsp, std::chrono::milliseconds timeout);

}  // namespace socketio
