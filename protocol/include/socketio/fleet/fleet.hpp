#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <socketio/common/export.hpp>

namespace socketio {

/// Transport that the servers of a fleet use among themselves. A fleet uses one, except while it is migrated to another.
enum class Transport : std::uint8_t {
  classic,  ///< createAdapter of `@socket.io/redis-adapter`, and `socket.io-redis`
  sharded,  ///< createShardedAdapter of `@socket.io/redis-adapter`; needs Redis 7
  streams,  ///< `@socket.io/redis-streams-adapter` 0.3
  /// Detected from the servers' subscriptions before the first emit or request is sent. See EmitterOptions, and Asker.
  automatic,
};

/// "classic", "sharded", "streams" or "automatic".
[[nodiscard]] SOCKETIO_API std::string_view name_of(Transport transport) noexcept;

/// Selects which rooms of a sharded fleet have their own channel. All servers of a fleet must use the same mode.
enum class SubscriptionMode : std::uint8_t {
  only_static,      ///< no rooms; `static` in JavaScript
  dynamic,          ///< all rooms except those of single sockets
  dynamic_private,  ///< all rooms
};

/// Settings of a fleet's adapters. All of its servers, and every process that publishes to it or sends requests to it, need
/// the same values (`stream_length_max` may differ). Settings of other transports are ignored.
struct Fleet {
  Transport transport = Transport::classic;
  std::string key = "socket.io";  ///< prefix of all channels. classic: `key`; sharded and streams: `channelPrefix`
  SubscriptionMode sharded_mode = SubscriptionMode::dynamic;  ///< sharded: `subscriptionMode`
  std::string stream_name = "socket.io";                      ///< streams: `streamName`
  /// Streams: `streamCount`, at most limits::streams_max. Above 1: "socket.io-0", "socket.io-1"...; each namespace uses one.
  std::uint32_t stream_count = 1;
  std::uint64_t stream_length_max = 10'000;  ///< streams: `maxLen`, approximate number of entries kept; at least 1
  bool use_sharded_pubsub = false;           ///< streams: `useShardedPubSub`, which needs Redis 7
  /// Streams: true when classic servers use the same key. Official classic servers crash on messages that a streams fleet
  /// receives by PUBLISH, so server-side events throw Error(not_supported).
  bool beside_classic = false;

  /// Throws Error(bad_utf8), and Error(bad_option) for a number of streams that is 0 or above the limit, or a
  /// length of 0.
  SOCKETIO_API void check() const;
};

}  // namespace socketio
