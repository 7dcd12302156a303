#pragma once

#include <socketio/server/options.hpp>

namespace socketio::server {

/// The counters of several loops are one sum.
void add(ServerCounters& sum, const ServerCounters& more);

}  // namespace socketio::server
