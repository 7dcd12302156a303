#pragma once

#include "common/console.hpp"
#include "common/exit_status.hpp"
#include "common/operation.hpp"
#include "common/options.hpp"
#include "common/signals.hpp"

namespace socketio::cli {

/// Runs --ack: publishes the event, prints each response of a client or server when it arrives, then the summary. Throws Error
/// and Failure when the request cannot be published.
ExitStatus run_asking(const Options& options, Console& console, const Signals& signals, const OwnedOperation& operation);

}  // namespace socketio::cli
