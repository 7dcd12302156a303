#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace socketio {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// One thing the library has to say: it prints nothing itself. Views are good during the call.
struct LogRecord {
  LogLevel level;
  std::string_view component;  ///< "redis", "emitter", "server"
  std::string_view message;    ///< a sentence; never holds a password
  std::string_view detail;     ///< what belongs to it: an address, Redis' own error text; may be empty
};
using Log = std::function<void(const LogRecord&)>;

}  // namespace socketio
