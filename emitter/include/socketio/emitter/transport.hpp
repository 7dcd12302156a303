#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <socketio/common/export.hpp>
#include <socketio/protocol/sharded_channels.hpp>

namespace socketio {

/// How the servers of a fleet talk to each other. A fleet uses one, unless it is being moved to another.
enum class Transport : std::uint8_t {
  classic,  ///< createAdapter of `@socket.io/redis-adapter`, and `socket.io-redis`
  sharded,  ///< createShardedAdapter of `@socket.io/redis-adapter`; needs Redis 7
  streams,  ///< `@socket.io/redis-streams-adapter` 0.3
  /// The one that the servers listen by, looked for before the first emit or question leaves. See EmitterOptions::transport, and
  /// Asker.
  automatic,
};

/// "classic", "sharded", "streams" or "automatic".
[[nodiscard]] SOCKETIO_API std::string_view name_of(Transport transport) noexcept;

/// A fleet as its adapters were configured. What does not concern the transport is not looked at.
struct FleetSettings {
  Transport transport = Transport::classic;
  std::string key = "socket.io";  ///< classic: `key`; sharded and streams: `channelPrefix`
  SubscriptionMode sharded_mode = SubscriptionMode::dynamic;
  std::string stream_name = "socket.io";     ///< streams: `streamName`
  std::uint32_t stream_count = 1;            ///< streams: `streamCount`
  std::uint64_t stream_length_max = 10'000;  ///< streams: `maxLen`, entries kept in a stream, about
  bool use_sharded_pubsub = false;           ///< streams: `useShardedPubSub`
  /// Streams: classic servers listen with the same key. Messages that a streams fleet gets by PUBLISH would end those of the
  /// official packages, so server-side events throw Error(not_supported).
  bool beside_classic = false;
};

}  // namespace socketio
