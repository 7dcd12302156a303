#pragma once

#include <sys/file.h>

#include <cerrno>

namespace socketio::cli {

/// Locks an open file until its descriptor is closed. False if another process has locked it; on a file system without locks
/// it returns true.
inline bool lock_file(int descriptor) noexcept {
  return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

}  // namespace socketio::cli
