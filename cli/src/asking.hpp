#pragma once

#include "console.hpp"
#include "exit_status.hpp"
#include "operation.hpp"
#include "options.hpp"
#include "signals.hpp"

namespace socketio::cli {

/// --ack: sends the event and prints what clients, or servers, answer, as it comes; then the summary. Throws Error and Failure
/// when it cannot be asked.
ExitStatus run_asking(const Options& options, Console& console, const Signals& signals, const Operation& operation);

}  // namespace socketio::cli
