#include "batch.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include <socketio/common/error.hpp>

#include "dry_run.hpp"
#include "common/text.hpp"
#include "common/units.hpp"

namespace socketio::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds progress_every{250};
constexpr milliseconds checkpoint_every{1'000};
constexpr std::uint64_t checkpoint_lines = 100'000;
/// Lines between two checks of the clock.
constexpr std::uint64_t tick_lines = 256;
/// Longest pause of the input during which the batch does not wait for the results of pending emits.
constexpr int short_pause_ms = 5;

/// Removes one line from the ranges, splitting its range if necessary.
void take_out(std::vector<LineRange>& ranges, std::uint64_t line) {
  for (std::size_t index = 0; index < ranges.size(); ++index) {
    const LineRange range = ranges[index];
    if (line < range.first || line > range.last) {
      continue;
    }
    ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(index));
    if (line < range.last) {
      ranges.insert(ranges.begin() + static_cast<std::ptrdiff_t>(index), {line + 1, range.last});
    }
    if (line > range.first) {
      ranges.insert(ranges.begin() + static_cast<std::ptrdiff_t>(index), {range.first, line - 1});
    }
    return;
  }
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

Batch::Batch(Options& options, Console& console, const Signals& signals)
    : options_(options),
      console_(console),
      signals_(signals),
      input_(*options.input, signals),
      checkpoint_(options.checkpoint ? std::optional<CheckpointFile>(std::in_place, *options.checkpoint, input_.identity(),
                                                                             input_.descriptor())
                                     : std::nullopt),
      start_(checkpoint_ ? input_.skip_to(checkpoint_->state().position, digest_, signals) : Position{}),
      sent_ahead_(checkpoint_ ? checkpoint_->state().sent_ahead : std::vector<LineRange>{}),
      ahead_(checkpoint_ ? checkpoint_->state().ahead : LineDigest{}),
      reader_(input_.descriptor(), options.line_max, start_, checkpoint_ ? &digest_ : nullptr),
      errors_(console, true),
      handled_(start_) {
  if (options.lines_are_text) {
    parser_ = std::make_unique<TextLineParser>(options);
    check_event();
  } else {
    parser_ = std::make_unique<JsonLineParser>(options);
  }
  if (options.dry_run) {
    dry_run_ = std::make_unique<DryRun>(options, console);
    destination_ = dry_run_.get();
  } else {
    publisher_ = std::make_unique<Publisher>(options, console, signals, tally_, errors_, start_, [this] { return tick(); });
    destination_ = publisher_.get();
    if (options.rejects) {
      rejects_.emplace(*options.rejects, input_.descriptor(), options.checkpoint.value_or(""));
      publisher_->on_line_end([this](std::uint64_t line, bool rejected) { rejects_->end(line, rejected); });
    }
  }
}

/// Checks the event that all text lines share before the first line is read. Throws Error when it cannot be sent.
void Batch::check_event() const {
  parser_->parse("");
  Rehearsal rehearsal(options_);
  perform(rehearsal, parser_->operation());
}

ExitStatus Batch::run() {
  if (checkpoint_) {
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
  if (publisher_) {
    publisher_->connect();
  }
  if (rejects_) {  // only once Redis is reached: a run that fails earlier leaves the file unchanged
    rejects_->begin(start_.line != 0 || !sent_ahead_.empty());
  }
  began_ = progress_at_ = saved_at_ = Clock::now();
  saved_line_ = start_.line;
  if (options_.rate) {
    pacer_.emplace(*options_.rate, began_);
  }
  if (options_.replay && options_.speed) {
    schedule_.emplace(*options_.speed);
  }
  Halt halt = read_lines();
  if (publisher_) {
    const Halt ended = publisher_->finish(halt, reader_.line_number());
    halt = halt == Halt::none ? ended : halt;
    if (save_checkpoint(true) != Halt::none) {
      report_unsaved();
      halt = halt == Halt::none ? Halt::checkpoint : halt;
    }
  }
  report_rejects(halt);
  errors_.finish();
  if (halt == Halt::read_error) {
    console_.error("Cannot read on in " + input_.name() + " behind line " + std::to_string(handled_.line) + ": " +
                   text::system_error(read_error_) + ".");
  }
  if (publisher_) {
    report::summarize(console_, tally_, options_, Clock::now() - began_);
  }
  const bool loses_output = !publisher_ && console_.loses_output();  // summarize() reports a lost summary itself
  return with_output(report::status(tally_, options_, halt, signals_.pending()), loses_output);
}

// ---- lines -----------------------------------------------------------------------------------------------------------------

Halt Batch::read_lines() {
  for (;;) {
    std::string_view line;
    Halt halt = Halt::none;
    switch (reader_.next(line)) {
      case LineReader::Next::line: halt = take_line(line); break;
      case LineReader::Next::too_long: halt = refuse_long_line(); break;
      case LineReader::Next::starved: halt = more_input(); break;
      case LineReader::Next::end: return signals_.pending() != 0 ? Halt::signal : Halt::none;
    }
    if (halt != Halt::none) [[unlikely]] {
      return halt;
    }
  }
}

Halt Batch::take_line(std::string_view line) {
  if (reader_.line_number() == 1) [[unlikely]] {
    if (const std::string problem = text::utf16_problem(line); !problem.empty()) {
      ++tally_.failed;
      ++tally_.bad_lines;
      errors_.add(1, problem);
      return Halt::bad_line;  // the whole input is UTF-16
    }
    line = text::without_mark(line);
  }
  if (!sent_ahead_.empty()) [[unlikely]] {
    if (reader_.line_number() == ahead_.line && reader_.position().digest != ahead_.digest) {
      return refuse_other_input();
    }
    if (was_sent_ahead(reader_.line_number())) {
      return Halt::none;
    }
  }
  if (!parser_->parse(line)) [[unlikely]] {
    return refuse_parsed(line);
  }
  if (pacer_ || schedule_) {
    if (const Halt halt = pace(); halt != Halt::none) {
      return halt;
    }
  }
  if (rejects_) {
    rejects_->keep(reader_.line_number(), handled_, line);
  }
  try {
    if (const Halt halt = destination_->make_room(parser_->operation(), reader_.position()); halt != Halt::none) {
      return halt;
    }
    destination_->send(parser_->operation(), reader_.position());
  } catch (const Error& error) {
    if (rejects_) {
      rejects_->end(reader_.line_number(), false);
    }
    return refuse_line(error.what(), line);
  }
  handled_ = reader_.position();
  if (signals_.pending() != 0) [[unlikely]] {
    return Halt::signal;
  }
  if (rejects_are_full()) [[unlikely]] {
    return Halt::checkpoint;
  }
  if (++taken_ % tick_lines == 0) {
    if (const Halt halt = tick(); halt != Halt::none) {
      return halt;
    }
  }
  return destination_->keep_up();
}

Halt Batch::refuse_parsed(std::string_view line) {
  if (!options_.lines_are_text && is_blank(line)) {
    return Halt::none;
  }
  if (!parser_->ends_early()) {
    return refuse_line(parser_->problem() + ".", line);
  }
  if (!reader_.is_unterminated()) {
    return refuse_line(parser_->problem() + "; an object must be in one line, which jq -c . FILE makes of it.", line);
  }
  // The line may still be incomplete, so a later run reads it again.
  const Position before = handled_;
  const Halt halt = refuse_line("the input ends inside this line (" + parser_->problem() + ").", line, /*comes_again=*/true);
  handled_ = before;
  return halt;
}

/// Ends a run that has skipped lines of the input as sent, although they are not those that were sent.
Halt Batch::refuse_other_input() {
  console_.error("The first " + units::counted(ahead_.line, "line") + " of " + input_.name() +
                 " are not those of the earlier run, so the checkpoint belongs to another input. Lines from " +
                 units::grouped(sent_ahead_.front().first) + " on were left out as sent. Remove the checkpoint to start anew.");
  return Halt::bad_line;
}

/// Counts and reports a bad line, and adds it to the rejects unless the next run reads it again: with a checkpoint, that is a
/// line that ends the run, or one that `comes_again`.
Halt Batch::refuse_line(const std::string& sentence, std::string_view line, bool comes_again) {
  ++tally_.failed;
  ++tally_.bad_lines;
  errors_.add(reader_.line_number(), sentence);
  const bool is_left_to_next_run = checkpoint_ && (comes_again || !options_.skip_bad_lines);
  if (rejects_ && !line.empty() && !is_left_to_next_run && !rejects_->add(line) && checkpoint_) {
    return Halt::checkpoint;
  }
  if (!options_.skip_bad_lines) {
    return Halt::bad_line;
  }
  handled_ = reader_.position();
  return Halt::none;
}

/// Refuses a line above --line-max. Its text was dropped while reading, so it cannot be among the rejects.
Halt Batch::refuse_long_line() {
  const bool is_reject = rejects_ && (!checkpoint_ || options_.skip_bad_lines);
  if (is_reject) {
    long_lines_.push_back(reader_.line_number());
  }
  return refuse_line("it is longer than " + units::size_text(options_.line_max) + (is_reject ? " and not in --rejects" : "") +
                         ". Raise the limit with --line-max.",
                     {});
}

bool Batch::was_sent_ahead(std::uint64_t line) const noexcept {
  for (const LineRange& range : sent_ahead_) {
    if (line >= range.first && line <= range.last) {
      return true;
    }
  }
  return false;
}

// ---- waiting ---------------------------------------------------------------------------------------------------------------

Halt Batch::more_input() {
  if (signals_.wait(input_.descriptor(), 0) != Signals::Woken::readable) {
    if (const Halt halt = wait_for_input(); halt != Halt::none) {
      return halt;
    }
  }
  if (reader_.fill() == LineReader::Fill::error) {
    read_error_ = errno;
    return Halt::read_error;
  }
  return Halt::none;
}

/// Sends all buffered emits, so that lines from `tail -f` are not delayed, and sleeps until there is more input.
Halt Batch::wait_for_input() {
  if (const Halt halt = destination_->pause(); halt != Halt::none) {
    return halt;
  }
  Signals::Woken woken = signals_.wait(input_.descriptor(), short_pause_ms);
  if (woken == Signals::Woken::timeout) {
    if (const Halt halt = destination_->settle(); halt != Halt::none) {
      return halt;
    }
  }
  while (woken == Signals::Woken::timeout) {
    if (const Halt halt = tick(); halt != Halt::none) {
      return halt;
    }
    woken = signals_.wait(input_.descriptor(), watches_the_clock() ? static_cast<int>(progress_every.count()) : -1);
  }
  if (woken == Signals::Woken::signal) {
    return Halt::signal;
  }
  return destination_->pause();  // detects a lost connection before the next emit is written to it
}

/// Time until the line that was parsed last is due.
std::chrono::nanoseconds Batch::until_due(Clock::time_point now) {
  const auto by_rate = pacer_ ? pacer_->wait(now) : std::chrono::nanoseconds(0);
  return schedule_ ? std::max(by_rate, schedule_->wait(parser_->at_ms().value_or(0), now)) : by_rate;
}

/// Waits until the next emit is due, in pieces that start short: a large last message may need more than one write.
Halt Batch::pace() {
  milliseconds piece(short_pause_ms);
  for (auto wait = until_due(Clock::now()); wait.count() > 0; wait = until_due(Clock::now())) {
    if (const Halt halt = destination_->pause(); halt != Halt::none) {
      return halt;
    }
    const auto wait_ms = std::min(std::chrono::ceil<milliseconds>(wait), piece);
    piece = std::min(piece * 2, progress_every);
    if (signals_.wait(-1, static_cast<int>(wait_ms.count())) == Signals::Woken::signal) {
      return Halt::signal;
    }
    if (const Halt halt = tick(); halt != Halt::none) {
      return halt;
    }
  }
  if (pacer_) {
    pacer_->count(Clock::now());
  }
  return Halt::none;
}

// ---- now and then ----------------------------------------------------------------------------------------------------------

/// True if tick() has work even while no input arrives: progress to show, or a checkpoint to save.
bool Batch::watches_the_clock() const noexcept {
  return console_.shows_progress() || (checkpoint_ && !(checkpoint_->state().position == handled_));
}

Halt Batch::tick() {
  if (rejects_are_full()) {
    return Halt::checkpoint;
  }
  if (!publisher_ || (!checkpoint_ && !console_.shows_progress())) {
    return Halt::none;
  }
  const Clock::time_point now = Clock::now();
  if (console_.shows_progress() && now - progress_at_ >= progress_every) {
    show_progress(now);
  }
  if (checkpoint_ && (now - saved_at_ >= checkpoint_every || handled_.line - saved_line_ >= checkpoint_lines)) {
    saved_at_ = now;
    saved_line_ = handled_.line;
    return save_checkpoint(false);
  }
  return Halt::none;
}

/// Reports, when the checkpoint could not be saved, which line was sent last, so that nobody sends it again.
void Batch::report_unsaved() {
  InFlight& in_flight = publisher_->in_flight();
  std::uint64_t last = in_flight.done().line;
  for (const LineRange& range : in_flight.passed_ahead()) {
    last = std::max(last, range.last);
  }
  const std::uint64_t saved = checkpoint_->state().position.line;
  if (last != saved) {
    console_.error("The last line that was sent is " + units::grouped(last) + ", but the checkpoint says " +
                   units::grouped(saved) + ": running it again would send those in between twice.");
  }
}

void Batch::show_progress(Clock::time_point now) {
  progress_at_ = now;
  std::optional<double> share;
  if (input_.size() && *input_.size() != 0) {
    share = static_cast<double>(reader_.position().offset_bytes) / static_cast<double>(*input_.size());
  }
  console_.progress(report::progress_text(tally_.ended(), now - began_, share));
}

/// Progress to save. Lines that were sent after one that was not are listed only at the end. A line that could not be written
/// to the rejects does not count as done.
CheckpointState Batch::progress(bool at_the_end) {
  InFlight& in_flight = publisher_->in_flight();
  if (in_flight.all_passed()) {
    in_flight.skip_to(handled_);
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
      take_out(state.sent_ahead, line.number);
    }
  }
  for (const LineRange& range : sent_ahead_) {
    if (range.last > state.position.line) {
      state.sent_ahead.push_back(range);
    }
  }
  if (!state.sent_ahead.empty()) {
    const Position last = in_flight.last_passed();
    state.ahead = last.line > ahead_.line ? LineDigest{last.line, last.digest} : ahead_;
  }
  return state;
}

Halt Batch::save_checkpoint(bool at_the_end) {
  if (!checkpoint_) {
    return Halt::none;
  }
  if (rejects_) {
    const std::string problem = rejects_->sync();
    if (rejects_->is_lost() || (!problem.empty() && !at_the_end)) {
      return Halt::checkpoint;  // report_rejects() prints the reason
    }
  }
  const CheckpointState state = progress(at_the_end);
  const std::string problem = checkpoint_->save(state.position, state.sent_ahead, state.ahead);
  if (problem.empty()) {
    return Halt::none;
  }
  console_.error(problem);
  return Halt::checkpoint;
}

void Batch::report_rejects(Halt& halt) {
  if (!long_lines_.empty()) {
    constexpr std::size_t shown_max = 8;
    std::string numbers;
    for (std::size_t index = 0; index < std::min(long_lines_.size(), shown_max); ++index) {
      numbers += (index == 0 ? "" : ", ") + std::to_string(long_lines_[index]);
    }
    console_.error("Not in --rejects, because they are longer than --line-max: " + units::counted(long_lines_.size(), "line") +
                   " (" + numbers + (long_lines_.size() > shown_max ? " and others" : "") + ").");
  }
  const std::string problem = rejects_ ? rejects_->sync() : std::string();
  if (problem.empty()) {
    return;
  }
  console_.error(problem +
                 (checkpoint_ && !rejects_->is_lost()
                      ? " The lines that it has no room for are sent again by the next run: free some space, then run "
                        "the same command again."
                      : ""));
  halt = halt == Halt::none ? Halt::checkpoint : halt;
}

}  // namespace socketio::cli
