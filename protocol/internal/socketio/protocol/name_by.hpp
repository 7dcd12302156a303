#pragma once

#include <string>

#include <socketio/common/buffer.hpp>

namespace socketio {

/// The text that `append(Buffer&)` appends: the name of a channel, for example.
template <typename Append>
std::string name_by(const Append& append) {
  Buffer name;
  append(name);
  return std::string(name.text());
}

}  // namespace socketio
