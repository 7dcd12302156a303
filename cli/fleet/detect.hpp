#pragma once

#include <string>

#include <socketio/emitter/find_transport.hpp>

#include "common/console.hpp"
#include "commander.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// Finds the namespaces in which servers of the fleet listen, by transport, among those of the options. Fails with
/// Failure(refused) when Redis does not report them.
FoundNamespaces look_at_fleet(Commander& redis, const Options& options);

/// " in namespace /chat" where the options name one; else empty.
[[nodiscard]] std::string namespace_text(const Options& options);

/// True if a request to the streams servers of a namespace would also reach classic servers: they decode it as a broadcast, and
/// official ones crash on a broadcast that they cannot decode.
[[nodiscard]] bool is_harmful(const FoundNamespaces& found, const std::string& nsp);

/// The only transport in use. Fails with Failure(usage) when several are in use. When none is, or Redis does not report it, it
/// fails too if --transport is auto; by default it is classic, and a note is printed.
Bus detect_one(Commander& redis, const Options& options, Console& console);

}  // namespace socketio::cli::fleet
