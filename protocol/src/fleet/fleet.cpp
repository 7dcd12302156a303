#include <socketio/fleet/fleet.hpp>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/protocol/utf8.hpp>

namespace socketio {

std::string_view name_of(Transport transport) noexcept {
  switch (transport) {
    case Transport::classic: return "classic";
    case Transport::sharded: return "sharded";
    case Transport::streams: return "streams";
    case Transport::automatic: return "automatic";
  }
  return "";
}

void Fleet::check() const {
  if (!utf8::valid(key)) {
    throw Error(ErrorCode::bad_utf8, "The key is not UTF-8.");
  }
  if (!utf8::valid(stream_name)) {
    throw Error(ErrorCode::bad_utf8, "The name of the stream is not UTF-8.");
  }
  if (stream_count == 0 || stream_count > limits::streams_max) {
    throw Error(ErrorCode::bad_option,
                "The number of streams is at least 1 and at most " + std::to_string(limits::streams_max) + ".");
  }
  if (stream_length_max == 0) {
    throw Error(ErrorCode::bad_option, "A stream that keeps no entry delivers none: stream_length_max is at least 1.");
  }
}

}  // namespace socketio
