#pragma once

#include "checkpoint.hpp"
#include "common/console.hpp"
#include "common/options.hpp"
#include "in_flight.hpp"
#include "input.hpp"
#include "rejects.hpp"
#include "report.hpp"

namespace socketio::cli {

/// The files that a batch leaves for the next run, where the options name them: the checkpoint and the rejects.
class RunRecord {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Opens the checkpoint, and skips the input that an earlier run has sent. Fails with Failure(usage).
  RunRecord(const Options& options, Console& console, Input& input, const Signals& signals);
  /// Opens the rejects. Fails with Failure(usage).
  void open_rejects();

  [[nodiscard]] Position start() const noexcept { return start_; }
  /// Digest of the input; null without a checkpoint.
  [[nodiscard]] Digest* digest() noexcept { return checkpoint_ ? &digest_ : nullptr; }
  /// Null without --rejects.
  [[nodiscard]] Rejects* rejects() noexcept { return rejects_ ? &*rejects_ : nullptr; }

  /// Saves the checkpoint for the first time, and prints where the run begins. Fails with Failure(usage).
  void begin();
  /// Empties the rejects, or continues them. Only once Redis is reached: a run that fails earlier leaves the file unchanged.
  void begin_rejects();

  /// True for a line that the earlier run sent ahead of its position.
  [[nodiscard]] bool was_sent_ahead(std::uint64_t line) const noexcept { return line_ranges::contain(sent_ahead_, line); }
  /// True, after an error, when lines were skipped as sent although they are not those that were sent.
  [[nodiscard]] bool is_of_other_input(std::uint64_t line, Position position) const;

  /// Writes a bad line to the rejects unless the next run reads it again: with a checkpoint, that is a line that ends the run,
  /// or one that `comes_again`. False when it cannot be written and the batch must end.
  [[nodiscard]] bool reject(std::string_view line, bool comes_again);
  /// Notes a line that is too long to be written to the rejects. True if it would belong there.
  bool note_long_line(std::uint64_t line);
  /// True when rejects cannot be written, so that the checkpoint must not go on.
  [[nodiscard]] bool is_full() const noexcept { return checkpoint_ && rejects_ && rejects_->failed(); }

  /// True if `handled`, the position after the last line that needs no second read, is not in the checkpoint.
  [[nodiscard]] bool is_behind(Position handled) const { return checkpoint_ && !(checkpoint_->state().position == handled); }
  /// Saves the checkpoint if that is due. Returns Halt::checkpoint when it cannot be saved.
  Halt save_if_due(Time now, Position handled, InFlight& in_flight);
  /// Saves the checkpoint at the end, and reports what the next run cannot know. Returns `halt`, or Halt::checkpoint if that is
  /// Halt::none and something could not be saved.
  Halt finish(Halt halt, Position handled, InFlight* in_flight);

 private:
  [[nodiscard]] CheckpointState progress(Position handled, InFlight& in_flight, bool at_the_end) const;
  [[nodiscard]] bool save(Position handled, InFlight& in_flight, bool at_the_end);
  void report_unsaved(const InFlight& in_flight) const;

  const Options& options_;
  Console& console_;
  const Input& input_;
  std::optional<CheckpointFile> checkpoint_;
  Digest digest_;  ///< of the input, with a checkpoint
  Position start_;
  std::vector<LineRange> sent_ahead_;  ///< lines that the earlier run sent ahead of its position
  LineDigest ahead_;                   ///< proves that these lines have not changed
  std::optional<Rejects> rejects_;
  std::vector<std::uint64_t> long_lines_;  ///< rejected lines that are too long to be written
  Time saved_at_{};
  std::uint64_t saved_line_ = 0;
};

}  // namespace socketio::cli
