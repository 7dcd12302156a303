#pragma once

#include "console.hpp"
#include "exit_status.hpp"
#include "options.hpp"
#include "signals.hpp"

namespace socketio::cli {

/// The one operation of the command line. Throws Error and Failure when it cannot be sent; everything about it is checked
/// before Redis is asked for.
ExitStatus run_single(Options& options, Console& console, const Signals& signals);

}  // namespace socketio::cli
