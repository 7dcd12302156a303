#pragma once

#include <cerrno>

namespace support {

/// Makes a system call again while signals interrupt it. libuv 1.50 interrupts calls that have a time limit by itself, where it
/// uses io_uring.
template <typename Call>
auto uninterrupted(const Call& call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) {
      return result;
    }
  }
}

}  // namespace support
