#pragma once

#include <socketio/redis/client.hpp>

#include "console.hpp"
#include "options.hpp"
#include "signals.hpp"

namespace socketio::cli {

/// Looks whether a classic fleet has servers of socket.io-redis 6 or redis-adapter 7.0, which end when a broadcast asks for
/// acknowledgements. They have no channel for answers of their own, so two questions to Redis tell. Does nothing for other
/// transports, and when there is no connection: asking fails by itself then.
///
/// Fails  with Failure(refused) when there are some, or Redis does not tell; Failure(interrupted or terminated).
void refuse_older_servers(Loop& loop, const Options& options, Console& console, const Signals& signals);

}  // namespace socketio::cli
