#pragma once

#include <map>

#include <socketio/emitter.hpp>

#include "common/console.hpp"
#include "common/options.hpp"
#include "common/signals.hpp"
#include "output_limits.hpp"
#include "report.hpp"
#include "server_counts.hpp"

namespace socketio::cli {

/// The servers of the fleet as Redis shows them over the connection of an emitter: the transport, their number in each
/// namespace, and the limits of their output buffers.
class FleetView {
 public:
  /// `options`  gets the transport that is found. `emitter` may be constructed later.
  FleetView(Options& options, Console& console, const Signals& signals, Emitter& emitter)
      : options_(options), console_(console), signals_(signals), emitter_(emitter) {}

  /// Finds the transport and the number of the servers, and directs the emitter to them. Where nothing is to be found, makes
  /// sure that Redis replies.
  ///
  /// `wants_limits`  asks for the limits of output buffers, too.
  /// Fails           as choose_transport(), Failure(refused), Failure(interrupted or terminated).
  void look(bool wants_limits);
  /// If no server listened at the beginning, and any does by now, returns what is found. Empty when nothing has changed.
  std::optional<FoundTransport> find_again();
  /// Directs the emitter to servers that find_again() has found. No emit must be pending. Returns Halt::stopped when it is not
  /// clear how to send. Calls `before_change` if the transport changes, while counts() are still those of the former one.
  Halt turn_to(const FoundTransport& found, const std::function<void()>& before_change);
  /// Counts the servers of a namespace unless they are known. Returns a sentence on why nothing is to be sent there: its
  /// servers listen by other transports only. Empty when there is no such problem.
  std::string_view need_count(ServerCounts::Place place) {
    if (redis_tells_ && place != ServerCounts::no_place && !counts_.is_known(place)) [[unlikely]] {
      count(place);
    }
    return others_listen_.empty() ? std::string_view() : other_transport(place);
  }
  /// A sentence on why no server-side event is to be sent to a namespace: it has servers that may not know them. Empty when
  /// there is no such problem. Asks Redis once for each namespace.
  std::string_view server_side_problem(const std::string& nsp);
  /// The limits, once they are known; waits for the reply.
  const OutputLimits& limits();

  [[nodiscard]] ServerCounts& counts() noexcept { return counts_; }
  /// True if Redis reports the number of servers.
  [[nodiscard]] bool redis_tells() const noexcept { return redis_tells_; }

 private:
  template <typename Found>
  using Ask = std::function<void(redis::Client& client, std::function<void(const Found&)> done)>;

  template <typename Found>
  std::optional<Found> query(const Ask<Found>& ask, bool is_over_when_lost);
  template <typename Found>
  Found need(const Ask<Found>& ask, bool is_over_when_lost);
  [[nodiscard]] Ask<FoundTransport> find(const std::string& nsp) const;
  void count(ServerCounts::Place place);
  [[nodiscard]] std::string_view other_transport(ServerCounts::Place place) const;
  void learn(ServerCounts::Place place, const FoundTransport& found);
  void ask_limits(redis::Client& client);

  Options& options_;
  Console& console_;
  const Signals& signals_;
  Emitter& emitter_;
  ServerCounts counts_;
  std::map<ServerCounts::Place, std::string> others_listen_;  ///< namespaces whose servers listen by other transports
  std::map<std::string, std::string> server_side_problems_;   ///< by namespace; empty: none
  bool redis_tells_ = false;
  bool looks_again_ = false;  ///< no server listened, on any transport
  bool wants_limits_ = false;
  std::optional<OutputLimits> limits_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  ///< detects late replies
};

}  // namespace socketio::cli
