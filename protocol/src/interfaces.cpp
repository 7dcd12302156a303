#include <socketio/common/clock.hpp>
#include <socketio/common/random.hpp>

namespace socketio {

Clock::~Clock() = default;
Random::~Random() = default;

}  // namespace socketio
