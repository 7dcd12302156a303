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

#include "console.hpp"
#include "destination.hpp"
#include "in_flight.hpp"
#include "options.hpp"
#include "output_limits.hpp"
#include "report.hpp"
#include "server_counts.hpp"
#include "server_watch.hpp"
#include "signals.hpp"
#include "tally.hpp"
#include "throttle.hpp"

namespace socketio::cli {

/// Sends operations through an emitter, keeps the accounts, and decides how long to put up with a Redis that is away.
///
/// Nothing in here waits for long without looking at the signals. What is under way is bounded by a number of emits and of
/// input bytes; when either is reached, everything is waited for. So a Redis that goes away costs bounded memory, and leaves
/// few emits unconfirmed.
class Publisher final : public Destination {
 public:
  /// `tick`  called now and then while waiting; the batch ends when it returns something else than Halt::none.
  Publisher(Options& options, Console& console, const Signals& signals, Tally& tally, LineErrors& errors, Position start = {},
            std::function<Halt()> tick = {});

  /// Connects, and looks by which transport the servers listen. Fails with Failure(refused), or Failure(interrupted or
  /// terminated), and as choose_transport().
  void connect();

  Halt make_room(const Operation& operation, Position end) override;
  void send(const Operation& operation, Position end) override;
  Halt keep_up() override;
  Halt pause() override;
  Halt settle() override;

  /// Waits for what is under way for at most the timeout, unless Redis was lost; what is left then has failed. Says what was
  /// lost. Returns Halt::lost when Redis did not answer in time.
  ///
  /// `last_read`  the number of the last line of the input that was read; where to go on is said by it.
  Halt finish(Halt halt, std::uint64_t last_read = 0);

  [[nodiscard]] InFlight& in_flight() noexcept { return in_flight_; }
  /// Calls `ended` with the number of each line that was sent once it has ended, and whether it has to be sent again for
  /// everybody to get it.
  void on_line_end(std::function<void(std::uint64_t line, bool rejected)> ended) { line_ended_ = std::move(ended); }
  /// A single emit: its channel, for the sentence when it is refused; a large one is compared with what Redis keeps for a
  /// subscriber.
  void expect(const Operation& operation, std::string channel);

 private:
  using Clock = std::chrono::steady_clock;
  /// Gives access to where the operators of an emitter send to: the operations of a batch differ line by line.
  struct Way : TargetedEmitter {
    explicit Way(const TargetedEmitter& from) : TargetedEmitter(from) {}
    [[nodiscard]] Outlet& outlet() const noexcept { return *outlet_; }
  };
  /// Lines that ended the same way.
  struct Lost {
    std::uint64_t count = 0;
    std::vector<LineRange> lines;
    void add(std::uint64_t line);
  };

  /// Emits that reached more subscribers than servers are known, of which so many were counted.
  struct Above {
    ServerCounts::Place place;
    bool to_all;
    std::int64_t receivers;
    std::int64_t counted;
    friend auto operator<=>(const Above&, const Above&) = default;
  };

  [[nodiscard]] EmitterOptions emitter_options();
  void look();
  void learn(ServerCounts::Place place, const FoundTransport& found);
  void count_servers(ServerCounts::Place place);
  std::optional<FoundTransport> ask_who_listens(bool with_streams, const std::string& nsp);
  void on_result(const EmitResult& result);
  void watch_connection(Clock::time_point now);
  Halt wait(bool until_the_end);
  Halt wait_for_answers(bool until_the_end);
  redis::Options batch_redis();
  void make_sure_of_redis();
  void ask_limits(redis::Client& client);
  [[nodiscard]] Throttle::Sender sender();
  [[nodiscard]] bool goes_to_all_servers(const Operation& operation) const;
  Halt look_around();
  void count_again();
  void note_above(const Above& above);
  Halt change_transport(const FoundTransport& found);
  [[nodiscard]] std::string why_lost();
  void say_where_to_go_on(std::uint64_t last_read) const;
  Halt wait_for_servers();
  void say_lost(const Lost& lost, const std::string& what) const;

  Options& options_;  ///< look() names the transport there
  Console& console_;
  const Signals& signals_;
  Tally& tally_;
  LineErrors& errors_;
  std::function<Halt()> tick_;
  InFlight in_flight_;
  ServerCounts counts_;
  bool redis_tells_ = false;  ///< how many servers listen
  std::function<void(std::uint64_t line, bool rejected)> line_ended_;
  std::uint64_t outages_waited_ = 0;  ///< after so many outages the servers have been waited for
  Emitter emitter_;
  std::optional<ServerWatch> watch_;  ///< of a batch
  std::optional<Throttle> throttle_;  ///< of a batch
  Outlet& outlet_;
  std::string channel_;
  bool compares_sizes_ = false;  ///< what is sent may be large

  bool refused_ = false;       ///< and with --on-error stop
  bool away_ = false;          ///< the connection, when it was looked at last
  bool troubled_ = false;      ///< it was lost, and Redis has answered nothing since
  std::uint64_t answers_ = 0;  ///< when they were counted last
  Clock::time_point silent_since_{};
  Clock::time_point waited_until_{};  ///< the end of the last wait()
  std::uint64_t emits_ = 0;
  Clock::time_point counted_at_{};
  bool recounts_ = false;     ///< at the next opportunity
  bool looks_again_ = false;  ///< nobody listened by any transport
  std::int64_t most_receivers_ = 0;
  std::map<Above, std::uint64_t> above_;  ///< since the servers were counted
  std::optional<OutputLimits> limits_;
  MessageSizes sizes_;
  std::uint64_t kept_bytes_ = 0;  ///< of the operation that is sent next
  Lost fewer_;
  Lost not_sent_;
  Lost unconfirmed_;
  std::string why_lost_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  ///< for answers that come late
};

}  // namespace socketio::cli
