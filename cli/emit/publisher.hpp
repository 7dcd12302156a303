#pragma once

#include "destination.hpp"
#include "fleet_view.hpp"
#include "outage_watch.hpp"
#include "receiver_check.hpp"
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
  /// Emits with the same result.
  struct Lost {
    std::uint64_t count = 0;
    std::vector<LineRange> lines;
    void add(std::uint64_t line) {
      ++count;
      line_ranges::add(lines, line);
    }
  };

  [[nodiscard]] redis::Options batch_redis();
  [[nodiscard]] EmitterOptions batch_emitter();
  [[nodiscard]] bool is_ready() const { return emitter_.state() == redis::State::ready; }
  bool begin_throttle();
  void on_result(const EmitResult& result);
  void on_failure(const EmitResult& result);
  void end_sent(EmitId id, std::uint64_t line, bool is_fewer);
  Halt wait(bool until_the_end);
  Halt wait_for_results(bool until_the_end);
  Halt wait_for_servers();
  Halt look_around();
  Halt turn_to(const FoundTransport& found);
  void count_again(bool is_last);
  void decide();
  void refuse(std::string_view problem) const;
  [[nodiscard]] std::string why_lost();
  void report_lost(const Lost& lost, const std::string& what) const;

  Options& options_;  ///< gets the transport that is found
  Console& console_;
  const Signals& signals_;
  Tally& tally_;
  LineErrors& errors_;
  std::function<Halt()> tick_;
  std::function<void(std::uint64_t line, bool rejected)> line_ended_;
  InFlight in_flight_;
  FleetView view_;
  ReceiverCheck check_;
  OutageWatch outage_;
  std::uint64_t outages_waited_ = 0;  ///< number of outages after which the servers were waited for
  std::string channel_;
  bool compares_sizes_ = false;  ///< messages may be large
  bool refused_ = false;         ///< Redis refused an emit, with --on-error stop
  Lost fewer_;
  Lost not_sent_;
  Lost unconfirmed_;
  std::string why_lost_;
  std::optional<ServerWatch> watch_;  ///< set for a batch

  Emitter emitter_;  ///< declared after what its results change
  Outlet& outlet_;
  std::optional<Throttle> throttle_;  ///< set for a batch
  MessageSizes sizes_;
  MessageSizes::Sizes next_;  ///< of the next operation
  std::uint64_t emits_ = 0;
  Clock::time_point counted_at_{};
};

}  // namespace socketio::cli
