#pragma once

#include <cstdint>
#include <span>

#include <socketio/common/export.hpp>

namespace socketio {

/// A source of random bytes; inject a seeded one in tests.
class SOCKETIO_API Random {
 public:
  virtual ~Random();
  virtual void fill(std::span<std::uint8_t> bytes) = 0;
};

}  // namespace socketio
