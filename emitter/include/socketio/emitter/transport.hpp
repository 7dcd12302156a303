#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <socketio/common/export.hpp>
#include <socketio/protocol/sharded_channels.hpp>

namespace socketio {

/// Transport that the servers of a fleet use between each other. A fleet uses one, except while it is migrated to another.
enum class Transport : std::uint8_t {
  classic,  ///< createAdapter of `@socket.io/redis-adapter`, and `socket.io-redis`
  sharded,  ///< createShardedAdapter of `@socket.io/redis-adapter`; needs Redis 7
  streams,  ///< `@socket.io/redis-streams-adapter` 0.3
  /// Detected from the servers' subscriptions before the first emit or request is sent. See EmitterOptions::transport, and
  /// Asker.
  automatic,
};

/// "classic", "sharded", "streams" or "automatic".
[[nodiscard]] SOCKETIO_API std::string_view name_of(Transport transport) noexcept;

/// Settings of a fleet's adapters. Those that do not concern its transport are ignored.
struct FleetSettings {
  Transport transport = Transport::classic;
  std::string key = "socket.io";  ///< classic: `key`; sharded and streams: `channelPrefix`
  SubscriptionMode sharded_mode = SubscriptionMode::dynamic;
  std::string stream_name = "socket.io";     ///< streams: `streamName`
  std::uint32_t stream_count = 1;            ///< streams: `streamCount`
  std::uint64_t stream_length_max = 10'000;  ///< streams: `maxLen`, approximate number of entries kept in a stream
  bool use_sharded_pubsub = false;           ///< streams: `useShardedPubSub`
  /// Streams: true when classic servers use the same key. Official classic servers crash on messages that a streams fleet
  /// receives by PUBLISH, so server-side events throw Error(not_supported).
  bool beside_classic = false;
};

}  // namespace socketio
