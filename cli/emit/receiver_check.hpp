#pragma once

#include <compare>

#include "common/options.hpp"
#include "in_flight.hpp"
#include "server_counts.hpp"
#include "tally.hpp"

namespace socketio::cli {

/// Decides how many servers an emit has reached, and whether they are fewer than there were. If the number of its receivers
/// does not agree with the last count of the servers and taps, the next count decides.
class ReceiverCheck {
 public:
  ReceiverCheck(const Options& options, ServerCounts& counts, Tally& tally)
      : options_(options), counts_(counts), tally_(tally) {}

  /// Adds an emit to the tally. Returns whether it reached fewer servers than there were; empty when the next count decides.
  ///
  /// `can_count`  the servers can be counted again.
  std::optional<bool> add(EmitId id, const InFlight::Line& line, std::int64_t receivers, bool can_count);
  /// The same for an emit into a stream, for which Redis reports no receivers: it reached the servers that are counted before
  /// it and after it.
  std::optional<bool> add_entry(EmitId id, const InFlight::Line& line, bool can_count);

  /// Called for an emit that is not decided when it is added.
  using Decided = std::function<void(EmitId id, std::uint64_t line, bool is_fewer)>;
  /// Decides all emits, after a new count of the servers.
  void decide(const Decided& decided);

  [[nodiscard]] bool is_undecided() const noexcept { return !above_.empty() || !held_.empty(); }
  /// True when emits wait for decide().
  [[nodiscard]] bool holds() const noexcept { return !held_.empty(); }
  [[nodiscard]] bool is_full() const noexcept { return held_.size() >= held_max; }
  /// True when the servers should be counted at the next opportunity.
  bool wants_count = false;

 private:
  /// Most emits whose number of servers is decided by the next count.
  static constexpr std::size_t held_max = 4'096;

  /// Emits with `receivers` subscribers, more or fewer than were known, of which `counted` were counted as servers.
  struct Unsure {
    ServerCounts::Place place;
    bool to_all;
    std::int64_t receivers;
    std::int64_t counted;
    std::int64_t others;  ///< ServerCounts::others()
    bool by_main = true;
    friend auto operator<=>(const Unsure&, const Unsure&) = default;
  };
  /// An emit that reached fewer servers than there were, unless only others have left; or one into a stream, which reached
  /// fewer if a server has left.
  struct Held {
    EmitId id;
    std::uint64_t line;
    std::uint64_t most_servers;
    Unsure emit;
    bool is_entry = false;
  };

  [[nodiscard]] std::int64_t servers_of_entry(const Unsure& emit) const;
  std::int64_t recount(const Unsure& emit, std::uint64_t emits);

  const Options& options_;
  ServerCounts& counts_;
  Tally& tally_;
  std::map<Unsure, std::uint64_t> above_;  ///< emits with more receivers than known, since the last count of the servers
  std::vector<Held> held_;                 ///< since the last count of the servers, in the order of their results
};

}  // namespace socketio::cli
