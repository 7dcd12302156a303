#pragma once

#include <cstdint>
#include <span>

#include <socketio/common/export.hpp>
#include <socketio/common/random.hpp>

namespace socketio {

/// The operating system's source of randomness. Holds nothing, so any number may exist, on any thread.
class SOCKETIO_API SystemRandom final : public Random {
 public:
  ~SystemRandom() override;
  void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace socketio
