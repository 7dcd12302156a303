#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/bus.hpp>
#include <socketio/common/export.hpp>
#include <socketio/fleet/fleet.hpp>

namespace socketio {

/// Options of `@socket.io/redis-adapter` for createShardedAdapter. Of the settings in Fleet, only `key` and `sharded_mode`
/// have an effect.
struct ShardedOptions : Fleet {
  /// Time after this server has made sockets join a room during which events for the room are published on the main channel:
  /// other servers may not have subscribed to the room's channel yet. The reference loses such events.
  std::chrono::milliseconds fresh_room_time{5'000};
};

/// The adapter of fleets on `@socket.io/redis-adapter` (createShardedAdapter). Needs Redis 7.
SOCKETIO_API adapter::AdapterFactory sharded_adapter(std::shared_ptr<adapter::Bus> bus,
                                                     ShardedOptions options = ShardedOptions());

}  // namespace socketio
