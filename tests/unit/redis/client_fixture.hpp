#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/redis_recorders.hpp>

#include "fake_redis.hpp"

namespace fixture {

/// Options that try again at once.
inline socketio::redis::Options quick(const std::string& url) {
  socketio::redis::Options options = socketio::redis::parse_url(url);
  options.backoff_min = std::chrono::milliseconds(1);
  options.backoff_max = std::chrono::milliseconds(4);
  return options;
}

inline socketio::redis::Options quick(const fake::Redis& server) { return quick(server.url()); }

/// What a server does with the PING that a client without a log-in begins with after a failure.
inline void answer_ping(fake::Connection& connection) {
  if (connection.command() == std::vector<std::string>{"PING"}) {
    connection.send("+PONG\r\n");
  }
}

inline bool wait_for_error(socketio::Loop& loop, const socketio::redis::Client& client) {
  return recorders::wait(
      loop, [&client] { return client.state() == socketio::redis::State::disconnected && !client.last_error().empty(); });
}

}  // namespace fixture
