#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <socketio/emitter.hpp>

#include "console.hpp"
#include "destination.hpp"
#include "in_flight.hpp"
#include "options.hpp"
#include "report.hpp"
#include "server_counts.hpp"
#include "server_watch.hpp"
#include "signals.hpp"
#include "tally.hpp"

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

  void send(const Operation& operation, Position end) override;
  Halt keep_up() override;
  Halt pause() override;
  Halt settle() override;

  /// Waits for what is under way for at most the timeout, unless Redis was lost; what is left then has failed. Says what was
  /// lost. Returns Halt::lost when Redis did not answer in time.
  Halt finish(Halt halt);

  [[nodiscard]] InFlight& in_flight() noexcept { return in_flight_; }
  /// Calls `ended` with the number of each line that was sent once it has ended, and whether it has to be sent again for
  /// everybody to get it.
  void on_line_end(std::function<void(std::uint64_t line, bool rejected)> ended) { line_ended_ = std::move(ended); }
  /// For the sentence of a single emit that is refused.
  void set_channel(std::string channel) { channel_ = std::move(channel); }

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
  void check_size(const Operation& operation);
  std::uint64_t output_limit(bool of_streams);
  [[nodiscard]] bool goes_to_all_servers(const Operation& operation) const;
  Halt spare_readers();
  Halt wait_for_readers();
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
  Outlet& outlet_;
  std::string channel_;

  bool refused_ = false;       ///< and with --on-error stop
  bool away_ = false;          ///< the connection, when it was looked at last
  bool troubled_ = false;      ///< it was lost, and Redis has answered nothing since
  std::uint64_t answers_ = 0;  ///< when they were counted last
  Clock::time_point silent_since_{};
  Clock::time_point waited_until_{};   ///< the end of the last wait()
  std::uint64_t bytes_unwatched_ = 0;  ///< sent since the readers were looked at
  std::uint64_t emits_unwatched_ = 0;
  std::uint64_t watched_emits_ = 256;  ///< after so many it is looked whether the readers are to be looked at
  Clock::time_point watched_at_{};
  Clock::time_point counted_at_{};
  bool told_slow_ = false;
  std::optional<std::pair<std::uint64_t, std::uint64_t>>
      output_limits_;  ///< of subscribers, and of readers of streams; 0: none
  Lost fewer_;
  Lost not_sent_;
  Lost unconfirmed_;
  std::string why_lost_;
};

}  // namespace socketio::cli
