#pragma once

#include <socketio/redis/types.hpp>

namespace socketio::redis {

/// Adds a connection's counters of bytes and messages, not of commands: a cluster's client counts commands when they are
/// issued, because one command may be sent on several connections.
inline void add_traffic(Counters& sum, const Counters& more) noexcept {
  sum.messages += more.messages;
  sum.protocol_errors += more.protocol_errors;
  sum.bytes_written += more.bytes_written;
  sum.bytes_read += more.bytes_read;
  sum.writes += more.writes;
}

}  // namespace socketio::redis
