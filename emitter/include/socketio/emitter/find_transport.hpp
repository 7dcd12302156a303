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
#include <socketio/emitter/transport.hpp>
#include <socketio/redis/client.hpp>

namespace socketio {

/// Which transport is meant when nobody says so.
struct ChosenTransport {
  /// The only one that is in use; nothing when there are several or none, or Redis did not tell.
  std::optional<Transport> transport;
  std::string message;                          ///< one sentence: why there is none
  redis::Outcome outcome = redis::Outcome::ok;  ///< something else: Redis did not tell
};

/// What can be seen of a fleet in a namespace without disturbing it: who is subscribed to the channels that its servers count.
struct FoundTransport : ChosenTransport {
  std::size_t classic_servers = 0;
  std::size_t sharded_servers = 0;  ///< or of a streams fleet with `useShardedPubSub`: their channels look alike
  std::size_t streams_servers = 0;
  std::size_t sharded_taps = 0;  ///< `socketio-fleet tap` that listen as sharded servers do; not among those
  /// Subscribers of the sharded main channel that are neither servers nor taps: they have no channel for answers. Looked for
  /// by find_transport() only; count_servers() counts them as servers.
  std::size_t sharded_strangers = 0;
  /// Of the subscribers that look like sharded servers: they may be a streams fleet with `useShardedPubSub`, for connections
  /// wait in XREAD here.
  bool has_stream = false;
  /// They are one: an entry of a stream was written by one of them. `transport` is streams then.
  bool use_sharded_pubsub = false;
  /// Of a streams fleet: the servers' `streamCount`, the one of the settings if that is above 1. 0: which stream is the
  /// namespace's cannot be seen, and `stream_message` says why.
  std::uint32_t stream_count = 1;
  bool is_read_elsewhere = false;  ///< the servers read in another database, or streams of another name: `stream_message`
  std::string stream_message;      ///< one sentence: why `stream_count` is 0, or where the servers read
  std::string seen_stream_name;    ///< the servers' `streamName`, when `is_read_elsewhere` is for that
  /// What is seen of the servers' `streamCount`, whatever the settings say; nothing when it cannot be seen.
  std::optional<std::uint32_t> seen_stream_count;
  bool has_own_stream = true;    ///< of a streams fleet: a stream with the name of the settings exists, or that is not known
  bool is_cluster_node = false;  ///< what answers is a node of a Redis Cluster

  /// No server listens, by any transport. (False as well when Redis did not tell.)
  [[nodiscard]] bool nobody() const noexcept {
    return outcome == redis::Outcome::ok && classic_servers + sharded_servers + streams_servers == 0;
  }
};

/// What Redis shows of a streams fleet.
struct SeenStreams {
  bool has_plain = false;  ///< the stream without a number exists
  /// The numbers of the streams that exist, ascending, each with the namespace of its last entry (empty when it has none).
  std::vector<std::pair<std::uint32_t, std::string>> numbered;
  std::optional<std::size_t> readers;  ///< connections that are in XREAD; nothing: Redis does not tell
  std::size_t servers = 0;
  bool is_complete = true;  ///< Redis told of every stream whether it exists
};

/// The servers' `streamCount`; nothing when what is seen leaves several, in which the namespace has different streams. Before
/// there is a stream, readers tell one that is as many as there are servers; more may be anybody's.
[[nodiscard]] SOCKETIO_API std::optional<std::uint32_t> stream_count_of(const SeenStreams& seen, std::string_view nsp);

/// The namespaces in which servers listen, sorted, by transport.
struct FoundNamespaces : ChosenTransport {
  std::vector<std::string> classic;
  std::vector<std::string> sharded;  ///< or of a streams fleet with `useShardedPubSub`
  std::vector<std::string> streams;
  bool has_stream = false;  ///< one of the fleet's streams exists

  [[nodiscard]] const std::vector<std::string>& of(Transport wanted) const noexcept {
    return wanted == Transport::classic ? classic : wanted == Transport::sharded ? sharded : streams;
  }
};

/// Looks which transport a fleet uses in a namespace, and does not guess.
///
/// `fleet`   names to look for (key, stream); its transport is not looked at.
/// `client`  outlives the call; used for some commands in one write, and of a sharded or streams fleet for some more:
///           `streamCount` is found by the streams that exist and the connections that read.
/// `done`    called exactly once, after this function has returned.
/// Cost      Redis walks over its channels, twice.
SOCKETIO_API void find_transport(redis::Client& client, const FleetSettings& fleet, std::string_view nsp,
                                 std::function<void(const FoundTransport&)> done);

/// Who listens in a namespace: find_transport() without the search for streams and for strangers. Redis walks over nothing.
SOCKETIO_API void count_servers(redis::Client& client, const FleetSettings& fleet, std::string_view nsp,
                                std::function<void(const FoundTransport&)> done);

/// Looks in which namespaces servers listen, by which transport.
///
/// `namespaces`  the only ones to look for; empty: all. The rest is as in find_transport().
/// Cost          Redis walks over its channels.
SOCKETIO_API void find_namespaces(redis::Client& client, const FleetSettings& fleet, std::vector<std::string> namespaces,
                                  std::function<void(const FoundNamespaces&)> done);

/// find_transport() without a loop, on a connection of its own, for at most `timeout`.
[[nodiscard]] SOCKETIO_API FoundTransport find_transport(const redis::Options& redis, const FleetSettings& fleet,
                                                         std::string_view nsp, std::chrono::milliseconds timeout);

}  // namespace socketio
