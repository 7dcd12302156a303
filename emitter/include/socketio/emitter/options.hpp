#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/emitter/outlet.hpp>
#include <socketio/redis/client.hpp>

namespace socketio {

/// How one emit ended. Every emit ends exactly once.
struct EmitResult {
  EmitId id = 0;
  redis::Outcome outcome = redis::Outcome::ok;
  std::int64_t receivers = 0;  ///< servers that Redis handed the message to; 0 means that nobody was there to get it
  std::string_view message;    ///< why, when it is not ok; good during the call
};
using OnResult = std::function<void(const EmitResult&)>;

/// What became of a number of emits. Receivers are counted by Redis: servers (of any language), and whoever else listens.
struct EmitSummary {
  std::uint64_t confirmed = 0;     ///< Redis took them
  std::uint64_t refused = 0;       ///< Redis answered with an error
  std::uint64_t not_sent = 0;      ///< Redis never saw them
  std::uint64_t unconfirmed = 0;   ///< written, but the connection ended before the answer; they are not sent again
  std::uint64_t waiting = 0;       ///< not ended yet
  std::uint64_t no_receivers = 0;  ///< confirmed, and reached no server
  std::int64_t receivers_min = 0;  ///< of the confirmed ones
  std::int64_t receivers_max = 0;
  std::string message;  ///< why the first one that failed did; or why there is no connection

  /// Everything that was emitted has been taken by Redis.
  [[nodiscard]] bool ok() const noexcept { return refused + not_sent + unconfirmed + waiting == 0; }
  [[nodiscard]] std::uint64_t failed() const noexcept { return refused + not_sent; }
};

struct EmitterOptions {
  /// The prefix of all channels, as the fleet's adapters have it (`key`).
  std::string key = "socket.io";
  /// The namespace that operations start from; "/" is put in front unless it is there.
  std::string nsp = "/";
  std::size_t message_bytes_max = limits::message_bytes_max;
  /// Blocking form: while Redis takes messages more slowly than they are made, emit() waits when so many bytes are unwritten.
  std::size_t write_ahead_bytes = 256 * 1024;
  /// Blocking form: while Redis is away, emits gather up to `redis.queue_bytes_max`; then emit() waits for room, for at most so
  /// long since Redis was lost, and then fails (outcome not_sent).
  std::uint32_t full_queue_wait_ms = limits::command_timeout_ms;
  /// Blocking form: what the destructor may spend on sending the rest.
  std::uint32_t close_timeout_ms = limits::close_timeout_ms;
  /// Called once for each emit, when it has ended: in the blocking form on the thread that emits, flushes or closes, after the
  /// emitter's lock was left. May emit.
  OnResult on_result;
};

}  // namespace socketio
