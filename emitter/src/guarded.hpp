#pragma once

#include <exception>
#include <string>
#include <string_view>

#include <socketio/common/log.hpp>

namespace socketio::emitter {

/// Calls a callback of the application. An exception that it throws is logged as "`what` threw an exception.".
template <typename Function>
void guarded(const Log& log, std::string_view what, const Function& function) {
  const auto report = [&](std::string_view detail) {
    if (log) {
      log({LogLevel::error, "emitter", std::string(what) + " threw an exception.", detail});
    }
  };
  try {
    function();
  } catch (const std::exception& error) {
    report(error.what());
  } catch (...) {
    report({});
  }
}

}  // namespace socketio::emitter
