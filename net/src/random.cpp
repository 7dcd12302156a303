#include <socketio/net/random.hpp>

#include <sys/random.h>

#include <cassert>
#include <cerrno>
#include <cstddef>

namespace socketio {

SystemRandom::~SystemRandom() = default;

void SystemRandom::fill(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    assert(got >= 0 || errno == EINTR);
    if (got > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
  }
}

}  // namespace socketio
