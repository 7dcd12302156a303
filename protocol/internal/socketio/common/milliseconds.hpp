#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace socketio {

/// The duration as the timers and the wire have it: a negative one is 0, one of more than 49 days is that.
constexpr std::uint32_t in_ms(std::chrono::milliseconds duration) noexcept {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(duration.count(), 0, UINT32_MAX));
}

}  // namespace socketio
