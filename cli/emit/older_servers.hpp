#pragma once

#include <socketio/redis/client.hpp>

#include "common/console.hpp"
#include "common/options.hpp"
#include "common/signals.hpp"

namespace socketio::cli {

/// Checks whether a classic fleet has servers of socket.io-redis 6 or redis-adapter 7.0, which crash on a broadcast that
/// requests acks. They have no response channel of their own, so two queries to Redis detect them. Does nothing for other
/// transports, or when there is no connection: the request itself fails then.
///
/// Fails  with Failure(refused) when there are such servers, or Redis refuses the queries; Failure(interrupted or terminated).
void refuse_older_servers(Loop& loop, const Options& options, Console& console, const Signals& signals);

}  // namespace socketio::cli
