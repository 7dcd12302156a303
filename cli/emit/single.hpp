#pragma once

#include "common/console.hpp"
#include "common/exit_status.hpp"
#include "common/options.hpp"
#include "common/signals.hpp"

namespace socketio::cli {

/// Sends the one operation of the command line. Throws Error and Failure when it cannot be sent; the operation is checked
/// completely before the first connection to Redis.
ExitStatus run_single(Options& options, Console& console, const Signals& signals);

}  // namespace socketio::cli
