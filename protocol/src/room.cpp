#include <socketio/protocol/room.hpp>

#include <cmath>

#include <socketio/common/error.hpp>
#include <socketio/protocol/js_number.hpp>

namespace socketio {

Room Room::number(double value) {
  if (!std::isfinite(value)) {
    throw Error(ErrorCode::bad_option, "A numeric room must be a finite number.");
  }
  Buffer name;
  js_number::append(name, value);
  return {std::string(name.text()), value == 0 ? 0 : value};
}

}  // namespace socketio
