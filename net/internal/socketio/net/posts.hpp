#pragma once

// For the library's own folders; not installed.

#include <socketio/net/loop.hpp>

namespace socketio::net {

/// What has been posted and did not run is dropped, and so is what will be: nobody runs this loop any more, but somebody may
/// still hold it. From any thread.
void refuse_posts(Loop& loop);

}  // namespace socketio::net
