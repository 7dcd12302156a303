#pragma once

#include "common/console.hpp"
#include "common/files.hpp"
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
  std::uint64_t passed_over = 0;  ///< not wanted by the filter
  std::uint64_t dropped = 0;      ///< wanted, but the reader of the output is too slow
  std::uint64_t malformed = 0;    ///< wanted messages that are malformed
  std::uint64_t recorded = 0;
  std::uint64_t not_recorded = 0;   ///< broadcasts that the file did not accept, or that a batch line cannot express
  std::uint64_t missed = 0;         ///< entries trimmed from a stream before they were read
  bool missed_unknown = false;      ///< more may be missed
  std::uint64_t interruptions = 0;  ///< losses of a connection: messages sent meanwhile are missed
};

/// Writes the messages of a tap to standard output and a file. Neither may block the loop.
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
  /// Counts messages that could not be received; empty: an unknown number.
  void missed(std::optional<std::uint64_t> count) noexcept {
    counts_.missed += count.value_or(0);
    counts_.missed_unknown = counts_.missed_unknown || !count;
  }

  /// True once --limit messages were shown or dropped: later ones are neither shown, recorded, nor counted.
  [[nodiscard]] bool has_enough() const noexcept {
    return options_.limit && counts_.shown + counts_.dropped >= *options_.limit;
  }
  /// True if continuing is useless: the output is closed, or the file cannot be written.
  [[nodiscard]] bool is_over() const;
  /// Shows a progress line with the rates since the last call.
  void tick(std::chrono::milliseconds since_last);
  /// Writes the buffered lines, for a bounded time, and the summary. False when wanted messages were lost.
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
  std::uint64_t dropped_unreported_ = 0;

  Descriptor file_;
  std::optional<LineWriter> file_lines_;
  std::optional<show::Time> first_recorded_;
  std::uint64_t last_at_ms_ = 0;
};

}  // namespace socketio::cli::fleet
