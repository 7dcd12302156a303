#pragma once

#include <chrono>
#include <cstdint>

namespace socketio::emitter {

/// The duration as a number; 0 for a negative one.
inline std::uint64_t count_ms(std::chrono::milliseconds duration) {
  return duration.count() > 0 ? static_cast<std::uint64_t>(duration.count()) : 0;
}

}  // namespace socketio::emitter
