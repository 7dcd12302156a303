#pragma once

#include <socketio/common/language.hpp>

#include <cstdint>
#include <functional>
#include <string_view>

namespace socketio {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// A log message; the library itself prints nothing. Views are valid during the call.
struct LogRecord {
  LogLevel level;
  std::string_view component;  ///< "redis", "emitter", "server"
  std::string_view message;    ///< a sentence; never holds a password
  std::string_view detail;     ///< additional data, such as an address or Redis' own error text; may be empty
};
using Log = std::function<void(const LogRecord&)>;

}  // namespace socketio
