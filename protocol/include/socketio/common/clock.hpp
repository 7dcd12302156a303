#pragma once

#include <cstdint>

#include <socketio/common/export.hpp>

namespace socketio {

/// A monotonic clock in milliseconds. The default everywhere is the loop's clock; tests inject their own.
class SOCKETIO_API Clock {
 public:
  virtual ~Clock();
  [[nodiscard]] virtual std::uint64_t now_ms() const = 0;
};

}  // namespace socketio
