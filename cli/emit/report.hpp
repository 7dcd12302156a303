#pragma once

#include "common/console.hpp"
#include "common/exit_status.hpp"
#include "common/options.hpp"
#include "tally.hpp"

// Summary and progress of a run.
namespace socketio::cli {

/// Reason for the end of a run.
enum class Halt : std::uint8_t {
  none,           ///< everything was read
  signal,         ///< SIGINT, SIGTERM or SIGHUP
  bad_line,       ///< a bad line, with --on-error stop
  read_error,     ///< the input cannot be read further
  refused,        ///< Redis refused an emit, with --on-error stop
  lost,           ///< Redis did not come back in time
  stopped,        ///< the servers are too slow and would miss the next messages
  checkpoint,     ///< the checkpoint, or the file of rejects, cannot be written
  output_closed,  ///< the reader of a dry run's output has closed it
};

namespace report {

/// {"sent":2,"failed":0,"unconfirmed":0,"no_receivers":0,"receivers_min":3,"receivers_median":3}
std::string summary_json(const Tally& tally, const Options& options);

/// "sent 1,000, reached 2 servers each (0.8 s, 1,250 a second)".
std::string summary_text(const Tally& tally, const Options& options, std::chrono::nanoseconds elapsed);

/// "12,345 emits, 98,765/s, 0.1 s, 45%".
std::string progress_text(std::uint64_t emits, std::chrono::nanoseconds elapsed, std::optional<double> share);

/// Exit status of a run. `signal` is the number of the received signal, or 0.
ExitStatus status(const Tally& tally, const Options& options, Halt halt, int signal);

/// Prints the summary to standard output or standard error, and an error when that fails.
void summarize(Console& console, const Tally& tally, const Options& options, std::chrono::nanoseconds elapsed);

}  // namespace report

/// Errors in lines: the first ones are printed, all are counted.
class LineErrors {
 public:
  /// `names_lines`  print line numbers; false for a call with one emit.
  LineErrors(Console& console, bool names_lines) : console_(console), names_lines_(names_lines) {}

  void add(std::uint64_t line, const std::string& sentence);
  /// Prints how many errors were not printed.
  void finish();

  static constexpr std::uint64_t printed_max = 20;

 private:
  Console& console_;
  const bool names_lines_;
  std::uint64_t count_ = 0;
};

}  // namespace socketio::cli
