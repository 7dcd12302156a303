#pragma once

#include "common/console.hpp"
#include "common/exit_status.hpp"
#include "common/options.hpp"
#include "common/signals.hpp"

namespace socketio::cli {

/// Sends the one operation of the command line. Throws Error and Failure when it cannot be sent; the operation is checked
/// completely before the first connection to Redis.
ExitStatus run_single(Options& options, Console& console, const Signals& signals);

/// Runs --ack: publishes the event, prints each response of a client or server when it arrives, then the summary. Throws Error
/// and Failure when the request cannot be published.
ExitStatus run_asking(const Options& options, Console& console, const Signals& signals, const OwnedOperation& operation);

}  // namespace socketio::cli
