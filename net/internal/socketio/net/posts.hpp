#pragma once

// For the library's own folders; not installed.

#include <socketio/net/loop.hpp>

namespace socketio::net {

/// Drops all posted functions that have not run, and all that are posted later. For a loop that is not run any more but that
/// other code may still reference. Safe from any thread.
void refuse_posts(Loop& loop);

}  // namespace socketio::net
