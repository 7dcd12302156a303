#include "batch.hpp"

#include <cerrno>

#include "common/text.hpp"
#include "dry_run.hpp"

namespace socketio::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds progress_every{250};
/// Lines between two checks of the clock.
constexpr std::uint64_t tick_lines = 256;
/// Longest pause of the input during which the batch does not wait for the results of pending emits.
constexpr int short_pause_ms = 5;

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

Batch::Batch(Options& options, Console& console, const Signals& signals)
    : options_(options),
      console_(console),
      signals_(signals),
      input_(*options.input, signals),
      record_(options, console, input_, signals),
      reader_(input_.descriptor(), options.line_max, record_.start(), record_.digest()),
      errors_(console, true),
      handled_(record_.start()) {
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
    publisher_ =
        std::make_unique<Publisher>(options, console, signals, tally_, errors_, record_.start(), [this] { return tick(); });
    destination_ = publisher_.get();
    record_.open_rejects();
    if (Rejects* const rejects = record_.rejects()) {
      publisher_->on_line_end([rejects](std::uint64_t line, bool rejected) { rejects->end(line, rejected); });
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
  record_.begin();
  if (publisher_) {
    publisher_->connect();
  }
  record_.begin_rejects();
  began_ = progress_at_ = Clock::now();
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
  }
  halt = record_.finish(halt, handled_, publisher_ ? &publisher_->in_flight() : nullptr);
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
  if (record_.is_of_other_input(reader_.line_number(), reader_.position())) [[unlikely]] {
    return Halt::bad_line;
  }
  if (record_.was_sent_ahead(reader_.line_number())) [[unlikely]] {
    return Halt::none;
  }
  if (!parser_->parse(line)) [[unlikely]] {
    return refuse_parsed(line);
  }
  if (pacer_ || schedule_) {
    if (const Halt halt = pace(); halt != Halt::none) {
      return halt;
    }
  }
  Rejects* const rejects = record_.rejects();
  if (rejects != nullptr) {
    rejects->keep(reader_.line_number(), handled_, line);
  }
  try {
    if (const Halt halt = destination_->make_room(parser_->operation(), reader_.position()); halt != Halt::none) {
      return halt;
    }
    destination_->send(parser_->operation(), reader_.position());
  } catch (const Error& error) {
    if (rejects != nullptr) {
      rejects->end(reader_.line_number(), false);
    }
    return refuse_line(error.what(), line);
  }
  handled_ = reader_.position();
  if (signals_.pending() != 0) [[unlikely]] {
    return Halt::signal;
  }
  if (record_.is_full()) [[unlikely]] {
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

/// Counts and reports a bad line, and adds it to the rejects, see RunRecord::reject().
Halt Batch::refuse_line(const std::string& sentence, std::string_view line, bool comes_again) {
  ++tally_.failed;
  ++tally_.bad_lines;
  errors_.add(reader_.line_number(), sentence);
  if (!record_.reject(line, comes_again)) {
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
  const bool is_reject = record_.note_long_line(reader_.line_number());
  return refuse_line("it is longer than " + units::size_text(options_.line_max) + (is_reject ? " and not in --rejects" : "") +
                         ". Raise the limit with --line-max.",
                     {});
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
bool Batch::watches_the_clock() const noexcept { return console_.shows_progress() || record_.is_behind(handled_); }

Halt Batch::tick() {
  if (record_.is_full()) {
    return Halt::checkpoint;
  }
  if (!publisher_ || (!options_.checkpoint && !console_.shows_progress())) {
    return Halt::none;
  }
  const Clock::time_point now = Clock::now();
  if (console_.shows_progress() && now - progress_at_ >= progress_every) {
    show_progress(now);
  }
  return record_.save_if_due(now, handled_, publisher_->in_flight());
}

void Batch::show_progress(Clock::time_point now) {
  progress_at_ = now;
  std::optional<double> share;
  if (input_.size() && *input_.size() != 0) {
    share = static_cast<double>(reader_.position().offset_bytes) / static_cast<double>(*input_.size());
  }
  console_.progress(report::progress_text(tally_.ended(), now - began_, share));
}

}  // namespace socketio::cli
