#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <socketio/emitter.hpp>

#include "common/console.hpp"
#include "destination.hpp"
#include "in_flight.hpp"
#include "common/options.hpp"
#include "output_limits.hpp"
#include "report.hpp"
#include "server_counts.hpp"
#include "server_watch.hpp"
#include "common/signals.hpp"
#include "tally.hpp"
#include "throttle.hpp"

namespace socketio::cli {

/// Sends operations through an emitter, counts their results, and decides how long to wait for a lost Redis.
///
/// No wait is long without a check for signals. Pending emits are bounded by number and by input bytes; at either limit, the
/// Publisher waits for all of them. So a lost Redis costs bounded memory and leaves few emits unconfirmed.
class Publisher final : public Destination {
 public:
  /// `tick`  called regularly while waiting; the batch ends when it returns anything but Halt::none.
  Publisher(Options& options, Console& console, const Signals& signals, Tally& tally, LineErrors& errors, Position start = {},
            std::function<Halt()> tick = {});

  /// Connects, and finds the transport of the servers. Fails with Failure(refused), or Failure(interrupted or terminated), and
  /// as choose_transport().
  void connect();

  Halt make_room(const OwnedOperation& operation, Position end) override;
  void send(const OwnedOperation& operation, Position end) override;
  Halt keep_up() override;
  Halt pause() override;
  Halt settle() override;

  /// Waits for pending emits, at most for the timeout, unless Redis was lost; the remaining ones have failed. Reports which
  /// emits were lost. Returns Halt::lost when Redis did not reply in time.
  ///
  /// `last_read`  number of the last line that was read from the input, to report where to continue.
  Halt finish(Halt halt, std::uint64_t last_read = 0);

  [[nodiscard]] InFlight& in_flight() noexcept { return in_flight_; }
  /// Calls `ended` when a sent line has completed, with its number, and whether it must be sent again to reach all servers.
  void on_line_end(std::function<void(std::uint64_t line, bool rejected)> ended) { line_ended_ = std::move(ended); }
  /// Prepares a single emit: an error names its channel when Redis refuses it, and a large one is compared with Redis' output
  /// buffer limits.
  void expect(const OwnedOperation& operation, std::string channel);

 private:
  using Clock = std::chrono::steady_clock;
  /// Gives access to the outlet of an emitter, because the operations of a batch differ line by line.
  struct Way : TargetedEmitter {
    explicit Way(const TargetedEmitter& from) : TargetedEmitter(from) {}
    [[nodiscard]] Outlet& outlet() const noexcept { return *outlet_; }
  };
  /// Lines with the same result.
  struct Lost {
    std::uint64_t count = 0;
    std::vector<LineRange> lines;
    void add(std::uint64_t line);
  };

  /// Emits with `receivers` subscribers, more or fewer than were known, of which `counted` were counted as servers. The next
  /// count of the servers and taps decides how many of them are servers.
  struct Unsure {
    ServerCounts::Place place;
    bool to_all;
    std::int64_t receivers;
    std::int64_t counted;
    std::int64_t others;  ///< ServerCounts::others()
    friend auto operator<=>(const Unsure&, const Unsure&) = default;
  };
  /// An emit that reached fewer servers than there were, unless only others have left.
  struct Held {
    EmitId id;
    std::uint64_t line;
    std::uint64_t most_servers;
    Unsure emit;
  };

  [[nodiscard]] EmitterOptions emitter_options();
  void look();
  void learn(ServerCounts::Place place, const FoundTransport& found);
  void count_servers(ServerCounts::Place place);
  std::optional<FoundTransport> ask_who_listens(bool with_streams, const std::string& nsp);
  void on_result(const EmitResult& result);
  bool begin_throttle();
  void on_receivers(EmitId id, const InFlight::Line& line, std::int64_t receivers);
  void end_sent(std::uint64_t line, bool is_fewer);
  void watch_connection(Clock::time_point now);
  Halt wait(bool until_the_end);
  Halt wait_for_answers(bool until_the_end);
  redis::Options batch_redis();
  void make_sure_of_redis();
  void ask_limits(redis::Client& client);
  [[nodiscard]] Throttle::Sender sender();
  [[nodiscard]] bool goes_to_all_servers(const OwnedOperation& operation) const;
  Halt look_around();
  void count_again(bool is_last);
  std::int64_t recount(const Unsure& emit, std::uint64_t emits);
  Halt change_transport(const FoundTransport& found);
  [[nodiscard]] std::string why_lost();
  void say_where_to_go_on(std::uint64_t last_read) const;
  Halt wait_for_servers();
  void say_lost(const Lost& lost, const std::string& what) const;

  Options& options_;  ///< look() stores the transport there
  Console& console_;
  const Signals& signals_;
  Tally& tally_;
  LineErrors& errors_;
  std::function<Halt()> tick_;
  InFlight in_flight_;
  ServerCounts counts_;
  bool redis_tells_ = false;  ///< Redis reports the number of servers
  std::function<void(std::uint64_t line, bool rejected)> line_ended_;
  std::uint64_t outages_waited_ = 0;  ///< number of outages after which the servers were waited for
  Emitter emitter_;
  std::optional<ServerWatch> watch_;  ///< set for a batch
  std::optional<Throttle> throttle_;  ///< set for a batch
  Outlet& outlet_;
  std::string channel_;
  bool compares_sizes_ = false;  ///< messages may be large

  bool refused_ = false;       ///< Redis refused an emit, with --on-error stop
  bool away_ = false;          ///< the connection was lost at the last check
  bool troubled_ = false;      ///< the connection was lost, and Redis has confirmed nothing since
  std::uint64_t answers_ = 0;  ///< confirmed and refused emits at the last check
  Clock::time_point silent_since_{};
  Clock::time_point waited_until_{};  ///< the end of the last wait()
  std::uint64_t emits_ = 0;
  Clock::time_point counted_at_{};
  bool recounts_ = false;     ///< count the servers at the next opportunity
  bool looks_again_ = false;  ///< no server listened, on any transport
  std::map<Unsure, std::uint64_t> above_;  ///< emits with more receivers than known, since the last count of the servers
  std::vector<Held> held_;                 ///< since the last count of the servers, in the order of their results
  std::optional<OutputLimits> limits_;
  MessageSizes sizes_;
  std::uint64_t kept_bytes_ = 0;  ///< of the next operation
  Lost fewer_;
  Lost not_sent_;
  Lost unconfirmed_;
  std::string why_lost_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  ///< detects late replies
};

}  // namespace socketio::cli
