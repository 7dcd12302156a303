#pragma once

#include <cerrno>

namespace support {

/// Repeats a system call while signals interrupt it. libuv 1.50 itself interrupts calls with a timeout if it uses io_uring.
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
