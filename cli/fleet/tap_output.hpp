#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <socketio/common/buffer.hpp>

#include "../src/console.hpp"
#include "line_writer.hpp"
#include "message.hpp"
#include "options.hpp"
#include "show.hpp"

namespace socketio::cli::fleet {

/// Every message is counted once: seen = shown + passed_over + dropped.
struct TapCounts {
  std::uint64_t seen = 0;
  std::uint64_t bytes = 0;  ///< of all that was seen
  std::uint64_t shown = 0;
  std::uint64_t passed_over = 0;  ///< the filter did not want them
  std::uint64_t dropped = 0;      ///< wanted, but whoever reads the output is too slow
  std::uint64_t malformed = 0;    ///< of those that were wanted
  std::uint64_t recorded = 0;
  std::uint64_t not_recorded = 0;   ///< broadcasts that the file did not take, or that a batch has no form for
  std::uint64_t missed = 0;         ///< entries that a stream dropped before they were seen
  bool missed_unknown = false;      ///< there may be more of them
  std::uint64_t interruptions = 0;  ///< of a connection: what was said meanwhile was not seen
};

/// Where a tap's messages go: standard output and a file, neither of which may keep it from listening.
class TapOutput {
 public:
  /// Fails with Failure(usage) when the file cannot be written.
  TapOutput(const Options& options, Console& console);
  ~TapOutput();
  TapOutput(const TapOutput&) = delete;
  TapOutput& operator=(const TapOutput&) = delete;

  void passed_over(std::size_t bytes) noexcept {
    if (has_enough()) {
      return;
    }
    ++counts_.seen;
    ++counts_.passed_over;
    counts_.bytes += bytes;
  }
  void take(const Message& message);
  /// Messages that could not be seen; empty: nobody knows how many.
  void missed(std::optional<std::uint64_t> count) noexcept {
    counts_.missed += count.value_or(0);
    counts_.missed_unknown = counts_.missed_unknown || !count;
  }

  /// As many messages as --limit asks for: what comes now is neither shown nor recorded nor counted.
  [[nodiscard]] bool has_enough() const noexcept {
    return options_.limit && counts_.shown + counts_.dropped >= *options_.limit;
  }
  /// What makes going on useless: nobody reads the output any more, or the disk is full.
  [[nodiscard]] bool is_over() const;
  /// A line of progress with the rates since the last call.
  void tick(std::chrono::milliseconds since_last);
  /// Writes what waits, for a bounded time, and the summary. False when something that was wanted is lost.
  bool finish();

  [[nodiscard]] TapCounts& counts() noexcept { return counts_; }

 private:
  bool show_line(std::string_view line);
  void record(const Message& message, show::Time time);
  [[nodiscard]] std::string summary_text() const;
  [[nodiscard]] std::string summary_json() const;

  const Options& options_;
  Console& console_;
  TapCounts counts_;
  TapCounts at_last_tick_;
  Buffer line_;
  LineWriter lines_;
  std::uint64_t dropped_untold_ = 0;

  int file_ = -1;
  std::optional<LineWriter> file_lines_;
  std::optional<show::Time> first_recorded_;
  std::uint64_t last_at_ms_ = 0;
};

}  // namespace socketio::cli::fleet
