#pragma once

#include "option_table.hpp"

namespace socketio::cli {

/// Adds settings from the environment, and those that follow from several options together. Fails with Failure(usage).
void complete(Collected& all, const Surroundings& surroundings);
/// The part of complete() that every tool needs: Redis, the key, the form of the output.
void complete_common(Collected& all, const Surroundings& surroundings);

/// Refuses options that contradict each other, or do nothing together. Fails with Failure(usage).
void check(const Collected& all);

/// Refuses --require-receivers on transports where the servers cannot be counted. Fails with Failure(usage).
void check_countable(const Options& options);

}  // namespace socketio::cli
