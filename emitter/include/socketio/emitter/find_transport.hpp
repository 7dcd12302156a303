#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
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
  bool has_stream = false;  ///< the namespace's stream exists
};

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
/// `client`  outlives the call; used for three commands.
/// `done`    called exactly once, after this function has returned.
SOCKETIO_API void find_transport(redis::Client& client, const FleetSettings& fleet, std::string_view nsp,
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
