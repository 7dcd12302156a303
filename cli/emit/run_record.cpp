#include "run_record.hpp"

#include "common/exit_status.hpp"
#include "common/text.hpp"

namespace socketio::cli {
namespace {

constexpr std::chrono::milliseconds checkpoint_every{1'000};
constexpr std::uint64_t checkpoint_lines = 100'000;

}  // namespace

RunRecord::RunRecord(const Options& options, Console& console, Input& input, const Signals& signals)
    : options_(options), console_(console), input_(input) {
  if (options.checkpoint) {
    checkpoint_.emplace(*options.checkpoint, input.identity(), input.descriptor());
    const CheckpointState& earlier = checkpoint_->state();
    start_ = input.skip_to(earlier.position, digest_, signals);
    sent_ahead_ = earlier.sent_ahead;
    ahead_ = earlier.ahead;
  }
}

void RunRecord::open_rejects() {
  if (options_.rejects) {
    rejects_.emplace(*options_.rejects, input_.descriptor(), options_.checkpoint.value_or(""));
  }
}

void RunRecord::begin() {
  if (!checkpoint_) {
    return;
  }
  const bool is_checked = start_.offset_bytes == 0 || checkpoint_->state().position.digest != 0;
  if (const std::string problem = checkpoint_->save(start_, sent_ahead_, ahead_); !problem.empty()) {
    fail_usage(problem);
  }
  if (!is_checked) {
    console_.note("The checkpoint is that of an older version: it does not show whether " + input_.name() +
                  " is still the input that was sent.");
  }
  if (start_.line != 0) {
    console_.note("Going on behind line " + units::grouped(start_.line) + " of " + input_.name() + ".");
  }
}

void RunRecord::begin_rejects() {
  if (rejects_) {
    rejects_->begin(start_.line != 0 || !sent_ahead_.empty());
  }
  saved_at_ = std::chrono::steady_clock::now();
  saved_line_ = start_.line;
}

bool RunRecord::is_of_other_input(std::uint64_t line, Position position) const {
  if (sent_ahead_.empty() || line != ahead_.line || position.digest == ahead_.digest) {
    return false;
  }
  console_.error("The first " + units::counted(ahead_.line, "line") + " of " + input_.name() +
                 " are not those of the earlier run, so the checkpoint belongs to another input. Lines from " +
                 units::grouped(sent_ahead_.front().first) + " on were left out as sent. Remove the checkpoint to start anew.");
  return true;
}

bool RunRecord::reject(std::string_view line, bool comes_again) {
  const bool is_left_to_next_run = checkpoint_ && (comes_again || !options_.skip_bad_lines);
  return !rejects_ || line.empty() || is_left_to_next_run || rejects_->add(line) || !checkpoint_;
}

bool RunRecord::note_long_line(std::uint64_t line) {
  const bool is_reject = rejects_ && (!checkpoint_ || options_.skip_bad_lines);
  if (is_reject) {
    long_lines_.push_back(line);
  }
  return is_reject;
}

Halt RunRecord::save_if_due(Time now, Position handled, InFlight& in_flight) {
  if (!checkpoint_ || (now - saved_at_ < checkpoint_every && handled.line - saved_line_ < checkpoint_lines)) {
    return Halt::none;
  }
  saved_at_ = now;
  saved_line_ = handled.line;
  return save(handled, in_flight, false) ? Halt::none : Halt::checkpoint;
}

/// Progress to save. Lines that were sent after one that was not are listed only at the end. A line that could not be written
/// to the rejects does not count as done.
CheckpointState RunRecord::progress(Position handled, InFlight& in_flight, bool at_the_end) const {
  if (in_flight.all_passed()) {
    in_flight.skip_to(handled);
  }
  CheckpointState state;
  state.position = in_flight.done();
  if (at_the_end) {
    state.sent_ahead = in_flight.passed_ahead();
  }
  if (rejects_ && !rejects_->unwritten().empty()) {
    const Position before = rejects_->unwritten().front().before;
    if (before.line < state.position.line) {
      state.sent_ahead.insert(state.sent_ahead.begin(), {before.line + 1, state.position.line});
      state.position = before;
    }
    for (const Rejects::Unwritten& line : rejects_->unwritten()) {
      line_ranges::remove(state.sent_ahead, line.number);
    }
  }
  std::copy_if(sent_ahead_.begin(), sent_ahead_.end(), std::back_inserter(state.sent_ahead),
               [&state](const LineRange& range) { return range.last > state.position.line; });
  if (!state.sent_ahead.empty()) {
    const Position last = in_flight.last_passed();
    state.ahead = last.line > ahead_.line ? LineDigest{last.line, last.digest} : ahead_;
  }
  return state;
}

bool RunRecord::save(Position handled, InFlight& in_flight, bool at_the_end) {
  if (!checkpoint_) {
    return true;
  }
  if (rejects_) {
    const std::string problem = rejects_->sync();
    if (rejects_->is_lost() || (!problem.empty() && !at_the_end)) {
      return false;  // finish() prints the reason
    }
  }
  const CheckpointState state = progress(handled, in_flight, at_the_end);
  const std::string problem = checkpoint_->save(state.position, state.sent_ahead, state.ahead);
  if (!problem.empty()) {
    console_.error(problem);
  }
  return problem.empty();
}

/// Reports which line was sent last, so that nobody sends it again.
void RunRecord::report_unsaved(const InFlight& in_flight) const {
  const std::vector<LineRange> ahead = in_flight.passed_ahead();
  const std::uint64_t last = ahead.empty() ? in_flight.done().line : std::max(in_flight.done().line, ahead.back().last);
  const std::uint64_t saved = checkpoint_->state().position.line;
  if (last != saved) {
    console_.error("The last line that was sent is " + units::grouped(last) + ", but the checkpoint says " +
                   units::grouped(saved) + ": running it again would send those in between twice.");
  }
}

Halt RunRecord::finish(Halt halt, Position handled, InFlight* in_flight) {
  bool is_saved = true;
  if (in_flight != nullptr && !save(handled, *in_flight, true)) {
    report_unsaved(*in_flight);
    is_saved = false;
  }
  if (!long_lines_.empty()) {
    constexpr std::size_t shown_max = 8;
    const std::string numbers = text::joined(
        long_lines_, ", ", [](std::uint64_t line) { return std::to_string(line); }, shown_max);
    console_.error("Not in --rejects, because they are longer than --line-max: " + units::counted(long_lines_.size(), "line") +
                   " (" + numbers + (long_lines_.size() > shown_max ? " and others" : "") + ").");
  }
  if (const std::string problem = rejects_ ? rejects_->sync() : std::string(); !problem.empty()) {
    console_.error(problem +
                   (checkpoint_ && !rejects_->is_lost()
                        ? " The lines that it has no room for are sent again by the next run: free some space, then run "
                          "the same command again."
                        : ""));
    is_saved = false;
  }
  return halt == Halt::none && !is_saved ? Halt::checkpoint : halt;
}

}  // namespace socketio::cli
