#pragma once

#include <socketio/server/options.hpp>

namespace socketio::server {

/// Adds the counters of one loop to the sum of several.
void add(ServerCounters& sum, const ServerCounters& more);

}  // namespace socketio::server
