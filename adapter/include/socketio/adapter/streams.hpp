#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/bus.hpp>
#include <socketio/common/export.hpp>
#include <socketio/fleet/fleet.hpp>

namespace socketio {

/// Options of `@socket.io/redis-streams-adapter` 0.3. Of the settings in Fleet, `transport`, `sharded_mode` and
/// `beside_classic` have no effect.
struct StreamsOptions : Fleet {
  std::uint32_t read_count = 100;
  std::chrono::milliseconds block_time{5'000};
  std::string session_key_prefix = "sio:session:";
  bool only_plaintext = false;  ///< everything is JSON: binary becomes {"type":"Buffer","data":[...]}
  /// With recovery: longest time that an event waits for its id from the stream before it reaches this server's sockets.
  std::chrono::milliseconds local_delay_max{1'000};
  /// Most events, and bytes of events, that a recovered client receives; a client that has missed more gets a new session.
  std::size_t replay_events_max = 10'000;
  std::size_t replay_bytes_max = 16U << 20;
  /// Time limit for Redis to return the session of a reconnecting client, and again for the missed events; after it the client
  /// gets a new session.
  std::chrono::milliseconds recovery_wait_max{2'000};
};

/// The adapter of fleets on `@socket.io/redis-streams-adapter`. With ServerOptions::recovery, clients recover on any server.
SOCKETIO_API adapter::AdapterFactory streams_adapter(std::shared_ptr<adapter::Bus> bus,
                                                     StreamsOptions options = StreamsOptions());

}  // namespace socketio
