#pragma once

#include <cstdint>
#include <span>

#include <socketio/common/export.hpp>
#include <socketio/common/random.hpp>

namespace socketio {

/// The operating system's random source. It has no state: any number of objects may exist, on any thread.
class SOCKETIO_API SystemRandom final : public Random {
 public:
  ~SystemRandom() override;
  void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace socketio
