#include <socketio/common/random.hpp>

namespace socketio {

Random::~Random() = default;

}  // namespace socketio
