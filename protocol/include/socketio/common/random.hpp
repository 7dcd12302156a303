#pragma once

#include <cstdint>
#include <span>

#include <socketio/common/export.hpp>

namespace socketio {

/// Chance as an object takes it. Tests bring a seeded one.
class SOCKETIO_API Random {
 public:
  virtual ~Random();
  virtual void fill(std::span<std::uint8_t> bytes) = 0;
};

}  // namespace socketio
