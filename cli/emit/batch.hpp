#pragma once

#include "destination.hpp"
#include "line_parser.hpp"
#include "line_reader.hpp"
#include "pacer.hpp"
#include "publisher.hpp"
#include "run_record.hpp"

namespace socketio::cli {

/// Sends the operations on the lines of an input, as they arrive or on the schedule of a recording.
class Batch {
 public:
  /// Opens the input and the checkpoint. Fails with Failure(usage).
  Batch(Options& options, Console& console, const Signals& signals);

  /// Fails with Failure when the run cannot begin; later problems are in the summary and the exit status.
  ExitStatus run();

 private:
  using Clock = std::chrono::steady_clock;

  void check_event() const;
  Halt read_lines();
  Halt take_line(std::string_view line);
  Halt refuse_line(const std::string& sentence, std::string_view line, bool comes_again = false);
  Halt refuse_long_line();
  Halt refuse_parsed(std::string_view line);
  Halt more_input();
  Halt wait_for_input();
  [[nodiscard]] std::chrono::nanoseconds until_due(Clock::time_point now);
  Halt pace();
  Halt tick();
  void show_progress(Clock::time_point now);
  [[nodiscard]] bool watches_the_clock() const noexcept;

  const Options& options_;
  Console& console_;
  const Signals& signals_;
  Input input_;
  RunRecord record_;
  LineReader reader_;
  std::unique_ptr<LineParser> parser_;
  std::optional<Pacer> pacer_;
  std::optional<Schedule> schedule_;  ///< set for a replay
  Tally tally_;
  LineErrors errors_;
  std::unique_ptr<Publisher> publisher_;  ///< null in a dry run
  std::unique_ptr<Destination> dry_run_;
  Destination* destination_ = nullptr;

  Position handled_;  ///< position after the last line that needs no second read
  std::uint64_t taken_ = 0;
  Clock::time_point began_{};
  Clock::time_point progress_at_{};
  int read_error_ = 0;
};

}  // namespace socketio::cli
