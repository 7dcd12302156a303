#pragma once

namespace socketio::cli {

/// A standard descriptor that is closed would be given to the next file or socket, and our output would go there. What stands
/// in its place fails as a closed one does: the first two take no reading and no writing.
void fill_standard_descriptors();

}  // namespace socketio::cli
