#pragma once

#include <string>

#include <socketio/emitter/find_transport.hpp>
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

/// Looks which transport the fleet uses, and puts it into the options, see choose_transport(). For who asks: an event is sent
/// by the Publisher, which looks over its own connection.
///
/// Fails      as choose_transport(), Failure(refused) without Redis, Failure(interrupted or terminated).
void look_at_fleet(Options& options, Console& console, const Signals& signals);

/// Server-side events for a streams fleet would end classic servers that have the same key: looks for those, and puts it into
/// the options. Fails as look_at_fleet().
void look_for_classic(Options& options, Console& console, const Signals& signals);

/// Decides by which transport to send, and puts it and the number of streams into the options.
///
/// Fails      Failure(usage) when none (unless by default) or several are in use, Failure(refused) when Redis does not tell
///            (unless by default or named), or the named transport is not one by which somebody listens, but another one is.
void choose_transport(Options& options, Console& console, const FoundTransport& found);
/// The servers that listen by the chosen transports, and the subscribers that every publish counts as receivers besides.
[[nodiscard]] std::uint64_t servers_of(const Options& options, const FoundTransport& found);
[[nodiscard]] std::uint64_t taps_of(const Options& options, const FoundTransport& found);
/// Those that are subscribed as servers are, and are none.
[[nodiscard]] std::uint64_t strangers_of(const Options& options, const FoundTransport& found);
/// Looks whether any room of the namespace has a channel, as in a sharded fleet with a dynamic mode, and puts it into the
/// options. Fails never: what cannot be seen is not said.
void look_for_room_channels(Options& options, Console& console, const Signals& signals);
/// Whether there is something to look for.
[[nodiscard]] bool looks_at_fleet(const Options& options);

}  // namespace socketio::cli
