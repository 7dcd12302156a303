#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/bus.hpp>
#include <socketio/common/export.hpp>

namespace socketio {

/// As `@socket.io/redis-adapter` has them: all servers of a fleet need the same `key`.
struct ClassicOptions {
  std::string key = "socket.io";                      ///< the prefix of all channels
  std::uint32_t requests_timeout_ms = 5'000;          ///< how long answers of other servers are awaited
  bool publish_on_specific_response_channel = false;  ///< answers reach only the server that asked
};

/// The adapter of fleets on `@socket.io/redis-adapter` (createAdapter).
SOCKETIO_API adapter::AdapterFactory classic_adapter(std::shared_ptr<adapter::Bus> bus, ClassicOptions options = {});

}  // namespace socketio
