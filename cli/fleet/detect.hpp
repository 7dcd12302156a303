#pragma once

#include <string>

#include <socketio/emitter/find_transport.hpp>

#include "../src/console.hpp"
#include "commander.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// Where the servers of the fleet listen, in the namespaces that are asked for. Fails with Failure(refused) when Redis does not
/// tell.
FoundNamespaces look_at_fleet(Commander& redis, const Options& options);

/// Whether a question to the streams servers of a namespace would be heard by classic servers: they take it for a broadcast,
/// and the reference cannot bear one that it cannot read.
[[nodiscard]] bool is_harmful(const FoundNamespaces& found, const std::string& nsp);

/// The one transport that is in use. Fails with Failure(usage) when there are several: nothing is guessed. When there is none,
/// or Redis does not tell, it fails, too, if auto was asked for; by default it is classic, and that is said.
Bus detect_one(Commander& redis, const Options& options, Console& console);

}  // namespace socketio::cli::fleet
