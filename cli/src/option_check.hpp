#pragma once

#include "option_table.hpp"

namespace socketio::cli {

/// Adds what the environment says, and what follows from several options together. Fails with Failure(usage).
void complete(Collected& all, const Surroundings& surroundings);

/// Refuses options that contradict each other, or do nothing together. Fails with Failure(usage).
void check(const Collected& all);

}  // namespace socketio::cli
