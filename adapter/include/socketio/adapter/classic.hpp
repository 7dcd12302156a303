#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/bus.hpp>
#include <socketio/common/export.hpp>
#include <socketio/fleet/fleet.hpp>

namespace socketio {

/// Options of `@socket.io/redis-adapter`. Of the settings in Fleet, only `key` has an effect.
struct ClassicOptions : Fleet {
  std::chrono::milliseconds requests_timeout{5'000};  ///< time to wait for responses of other servers
  bool publish_on_specific_response_channel = false;  ///< responses reach only the server that sent the request
};

/// The adapter of fleets on `@socket.io/redis-adapter` (createAdapter).
SOCKETIO_API adapter::AdapterFactory classic_adapter(std::shared_ptr<adapter::Bus> bus,
                                                     ClassicOptions options = ClassicOptions());

}  // namespace socketio
