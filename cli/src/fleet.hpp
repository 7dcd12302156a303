#pragma once

#include <string>

#include <socketio/redis/options.hpp>

#include "console.hpp"
#include "options.hpp"
#include "signals.hpp"

// The fleet that is meant, and the way to it.
namespace socketio::cli {

/// How the Redis client is to behave: as --timeout and --verbose say.
redis::Options redis_options(const Options& options, Console& console);

/// "classic", or "classic and streams".
std::string transports_text(const Options& options);

/// With --transport auto: looks which transport the fleet uses. With server-side events for a streams fleet, which would end
/// classic servers that have the same key: looks for those. Puts what it finds into the options.
///
/// Fails      Failure(usage) when none or several are in use, Failure(refused) without Redis, Failure(interrupted or
/// terminated).
void look_at_fleet(Options& options, Console& console, const Signals& signals);

}  // namespace socketio::cli
