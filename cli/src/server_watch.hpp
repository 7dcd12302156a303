#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <socketio/redis/client.hpp>

#include "console.hpp"
#include "options.hpp"
#include "server_counts.hpp"

namespace socketio::cli {

/// What CLIENT LIST tells about those who read what a batch publishes. Our own tools do not count.
struct Readers {
  std::uint64_t output_bytes_max = 0;  ///< of all subscribers: what Redis keeps for the slowest one
  /// Connections in XREAD, by id, and whether they wait for an entry: then they have read all that was there.
  std::map<std::string, bool, std::less<>> waiting;
};
Readers readers_in(std::string_view clients);

/// Looks at the fleet while a batch is sent, over a connection of its own: what stands in the emitter's queue does not delay
/// it.
class ServerWatch {
 public:
  ServerWatch(const Options& options, Console& console);

  /// Counts the servers in all namespaces again. False when Redis did not answer in time.
  bool count(ServerCounts& counts, std::uint64_t timeout_ms);
  /// False when Redis does not tell, or not in time.
  bool read(Readers& readers, std::uint64_t timeout_ms);
  /// Redis lets us see its clients, as far as is known.
  [[nodiscard]] bool may_read() const noexcept { return may_read_; }

 private:
  bool run(const std::function<bool()>& done, std::uint64_t timeout_ms);

  const Options& options_;
  Loop loop_;
  redis::Client client_;
  bool may_read_ = true;
};

}  // namespace socketio::cli
