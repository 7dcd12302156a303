#pragma once

#include <sys/stat.h>

namespace socketio::cli {

/// True if two names or descriptors lead to one file.
inline bool is_same_file(const struct stat& one, const struct stat& other) noexcept {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

}  // namespace socketio::cli
