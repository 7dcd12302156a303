#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "common/console.hpp"
#include "common/options.hpp"
#include "output_room.hpp"
#include "report.hpp"
#include "server_watch.hpp"
#include "common/signals.hpp"

namespace socketio::cli {

/// Slows a batch down to the speed of the servers: Redis closes the connections of slow subscribers, and streams drop entries
/// that were not read yet.
class Throttle {
 public:
  /// Functions of the sending side.
  struct Sender {
    std::function<std::uint64_t()> under_way_bytes;           ///< pending bytes, as Redis will buffer them per server
    std::function<void(std::chrono::milliseconds)> make_way;  ///< waits at most this long for pending results
    std::function<Halt()> settle;                             ///< waits for all pending results
    std::function<bool()> is_connected;
  };
  Throttle(const Options& options, Console& console, const Signals& signals, ServerWatch& watch, Sender sender);

  /// Must be called once the fleet is known: its transports, and the limits of its Redis.
  void begin(const OutputLimit& subscribers);
  /// Waits until a message of `bytes` bytes can be sent; 0 for one that only goes into a stream. Returns Halt::stopped, with a
  /// sentence in `problem`, when the receivers have read nothing for the timeout.
  Halt make_room(std::uint64_t bytes, std::string& problem);
  void sent(std::uint64_t bytes);
  /// Measures if that is due. Must be called regularly, because other publishers may fill the buffers too.
  void look();

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool has_subscribers() const;
  enum class Looked : std::uint8_t { yes, not_yet, impossible };
  Looked look_at(Readers& readers, Clock::time_point answered_at);
  Looked measure(Readers& readers, Clock::time_point answered_at);
  std::uint64_t slowest(const Readers& readers, std::uint64_t arrived_bytes);
  Halt wait_for_subscribers(std::uint64_t bytes, std::string& problem);
  Halt wait_for_stream(std::string& problem);
  void note_slowness();
  void note_blindness();

  /// A subscriber with a non-empty output buffer.
  struct Seen {
    std::uint64_t kept_bytes = 0;
    std::uint64_t arrived_bytes = 0;  ///< of this batch, when `kept_bytes` was seen first
    bool is_concerned = true;         ///< it receives the batch, as far as is known
  };

  const Options& options_;
  Console& console_;
  const Signals& signals_;
  ServerWatch& watch_;
  const Sender sender_;
  OutputRoom room_;
  std::map<std::string, Seen, std::less<>> seen_;
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t entries_ = 0;  ///< entries sent since all readers had read the whole stream
  Clock::time_point looked_at_{};
  bool told_slow_ = false;
  bool told_blind_ = false;
};

}  // namespace socketio::cli
