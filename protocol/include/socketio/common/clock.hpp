#pragma once

#include <cstdint>

#include <socketio/common/export.hpp>

namespace socketio {

/// Time as an object takes it: milliseconds that never go back. The default everywhere is the loop's clock; tests bring their
/// own.
class SOCKETIO_API Clock {
 public:
  virtual ~Clock();
  [[nodiscard]] virtual std::uint64_t now_ms() const = 0;
};

}  // namespace socketio
