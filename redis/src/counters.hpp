#pragma once

#include <socketio/redis/client.hpp>

namespace socketio::redis {

/// Adds what a connection has counted of bytes and messages, not of commands: in a cluster these are counted where they are
/// given, as one may travel by several connections.
inline void add_traffic(Counters& sum, const Counters& more) noexcept {
  sum.messages += more.messages;
  sum.protocol_errors += more.protocol_errors;
  sum.bytes_written += more.bytes_written;
  sum.bytes_read += more.bytes_read;
  sum.writes += more.writes;
}

}  // namespace socketio::redis
