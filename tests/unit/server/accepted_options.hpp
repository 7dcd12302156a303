#pragma once

#include <doctest/doctest.h>

#include <functional>

#include <socketio/common/error.hpp>
#include <socketio/server.hpp>

namespace accepted_options {

/// True when a server accepts the options that `change` makes of the defaults; otherwise it throws Error(bad_option).
inline bool accepts(const std::function<void(socketio::ServerOptions&)>& change) {
  socketio::Loop loop;
  socketio::ServerOptions options;
  change(options);
  try {
    socketio::Server io(loop, options);
    return true;
  } catch (const socketio::Error& error) {
    CHECK(error.code() == socketio::ErrorCode::bad_option);
    return false;
  }
}

}  // namespace accepted_options
