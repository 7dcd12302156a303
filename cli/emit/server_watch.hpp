#pragma once

#include <socketio/emitter/throttle.hpp>
#include <socketio/redis/client.hpp>

#include "common/console.hpp"
#include "common/options.hpp"
#include "server_counts.hpp"

namespace socketio::cli {

/// Observes the fleet while a batch is sent, over a connection of its own, so that the emitter's queue does not delay it.
class ServerWatch {
 public:
  ServerWatch(const Options& options, Console& console);

  /// Counts the servers in all namespaces again. False when Redis did not reply in time.
  bool count(ServerCounts& counts, std::uint64_t timeout_ms);
  /// Reads CLIENT LIST. False when Redis does not permit it, or does not reply in time.
  bool read(emitter::Readers& readers, std::uint64_t timeout_ms);
  /// False once Redis has refused CLIENT LIST.
  [[nodiscard]] bool may_read() const noexcept { return may_read_; }
  /// True while it cannot connect to Redis.
  [[nodiscard]] bool is_away() const;

 private:
  bool run(const std::function<bool()>& done, std::uint64_t timeout_ms);

  const Options& options_;
  Loop loop_;
  redis::Client client_;
  bool may_read_ = true;
};

}  // namespace socketio::cli
