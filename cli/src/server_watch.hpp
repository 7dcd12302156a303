#pragma once

#include <chrono>
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
  /// A connection in XREAD.
  struct OfStream {
    bool waits = false;  ///< for an entry: it has read all that was there
    std::chrono::seconds idle{0};
  };
  std::map<std::string, std::uint64_t, std::less<>> kept_bytes;  ///< what Redis keeps for each subscriber, by id, if anything
  std::map<std::string, OfStream, std::less<>> of_streams;       ///< by id
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
