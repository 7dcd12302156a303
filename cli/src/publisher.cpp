#include "publisher.hpp"

#include <algorithm>
#include <utility>

#include "explain.hpp"
#include "text.hpp"
#include "units.hpp"

namespace socketio::cli {
namespace {

using std::chrono::milliseconds;

/// Emits under way at a time, and the bytes of input they stand for.
constexpr std::size_t under_way_max = 16'384;
constexpr std::uint64_t under_way_bytes_max = std::uint64_t{8} << 20;
/// How long a signal may go unnoticed.
constexpr milliseconds slice{100};
constexpr std::uint32_t backoff_max_ms = 500;

std::string lines_text(const LineRange& lines) {
  return lines.first == lines.last ? "line " + std::to_string(lines.first)
                                   : "lines " + std::to_string(lines.first) + " to " + std::to_string(lines.last);
}

}  // namespace

Publisher::Publisher(const Options& options, Console& console, const Signals& signals, Tally& tally, LineErrors& errors,
                     Position start, std::function<Halt()> tick)
    : options_(options),
      console_(console),
      signals_(signals),
      tally_(tally),
      errors_(errors),
      tick_(std::move(tick)),
      in_flight_(start),
      emitter_(redis_options(), emitter_options()),
      outlet_(Way(emitter_).outlet()) {}

/// The limits of the library are not to be met: what is under way is bounded here, where signals are looked at.
EmitterOptions Publisher::emitter_options() {
  EmitterOptions emitter;
  emitter.key = options_.key;
  emitter.write_ahead_bytes = limits::message_bytes_max * 2;
  emitter.close_timeout_ms = 0;
  emitter.on_result = [this](const EmitResult& result) { on_result(result); };
  return emitter;
}

redis::Options Publisher::redis_options() const {
  const auto timeout_ms = static_cast<std::uint32_t>(options_.timeout.count());
  redis::Options redis = options_.redis;
  redis.connect_timeout_ms = timeout_ms;
  redis.command_timeout_ms = timeout_ms;
  redis.backoff_max_ms = std::max(redis.backoff_min_ms, std::min(backoff_max_ms, timeout_ms / 4));
  redis.queue_bytes_max = limits::message_bytes_max * 2;
  if (console_.verbose()) {
    redis.log = [this](const redis::LogRecord& record) {
      console_.detail(std::string(record.component) + ": " + std::string(record.message) +
                      (record.detail.empty() ? "" : " [" + std::string(record.detail) + "]"));
    };
  }
  return redis;
}

void Publisher::connect() {
  const Clock::time_point deadline = Clock::now() + options_.timeout;
  console_.detail("Redis is at " + redis::describe(options_.redis) + ", the key is \"" + text::excerpt(options_.key) +
                  "\", the timeout " + units::duration_text(options_.timeout) + ".");
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    const std::string error = emitter_.connect(std::clamp(left, milliseconds(1), slice));
    const redis::State state = emitter_.state();
    if (state == redis::State::ready) {
      return;
    }
    if (signals_.pending() != 0) {
      throw Failure(static_cast<ExitStatus>(128 + signals_.pending()), "Interrupted; nothing was sent.");
    }
    if (state != redis::State::connecting || Clock::now() >= deadline) {
      throw Failure(ExitStatus::refused, explain::no_connection(error, options_));
    }
  }
}

void Publisher::send(const Operation& operation, Position end) {
  in_flight_.push(end, operation.op);
  try {
    perform(outlet_, operation);
  } catch (...) {
    in_flight_.take_back();
    throw;
  }
}

Halt Publisher::keep_up() {
  if (refused_) [[unlikely]] {
    return Halt::refused;
  }
  if (in_flight_.waiting_count() < under_way_max && in_flight_.waiting_bytes() < under_way_bytes_max) [[likely]] {
    return Halt::none;
  }
  return wait(false);
}

Halt Publisher::pause() {
  emitter_.poll();
  if (emitter_.state() != redis::State::ready && in_flight_.waiting_count() != 0) {
    return wait(false);
  }
  return refused_ ? Halt::refused : Halt::none;
}

Halt Publisher::settle() { return in_flight_.waiting_count() == 0 && !refused_ ? Halt::none : wait(false); }

/// Waits until nothing is under way. Gives up when Redis has answered nothing for the timeout, which counts anew from when it
/// was lost, but only once: a Redis that accepts connections and answers nothing is as good as none.
Halt Publisher::wait(bool until_the_end) {
  const Clock::time_point begin = Clock::now();
  if (!troubled_) {
    silent_since_ = begin;
  }
  while (in_flight_.waiting_count() != 0) {
    if (!until_the_end && (refused_ || signals_.pending() != 0)) {
      return refused_ ? Halt::refused : Halt::signal;
    }
    emitter_.flush(std::min<milliseconds>(slice, options_.timeout));
    const Clock::time_point now = Clock::now();
    watch_connection(now);
    const bool too_late = until_the_end && signals_.pending() != 0 && now - begin >= options_.timeout;
    if (too_late || (in_flight_.waiting_count() != 0 && now - silent_since_ >= options_.timeout)) {
      return Halt::lost;
    }
    if (const Halt halt = tick_ && !until_the_end ? tick_() : Halt::none; halt != Halt::none) {
      return halt;
    }
  }
  if (troubled_ && Clock::now() - silent_since_ >= options_.timeout) {
    return Halt::lost;
  }
  return refused_ ? Halt::refused : Halt::none;
}

void Publisher::watch_connection(Clock::time_point now) {
  if (const std::uint64_t answers = tally_.sent() + tally_.refused; answers != answers_) {
    answers_ = answers;
    silent_since_ = now;
    troubled_ = false;
  }
  const bool away = emitter_.state() != redis::State::ready;
  if (away && !away_) {
    console_.note("Redis went away; waiting up to " + units::duration_text(options_.timeout) + " for it.");
  } else if (away_ && !away) {
    console_.note("Redis is back.");
  }
  away_ = away;
  if (away && !troubled_) {
    troubled_ = true;
    silent_since_ = now;
  }
}

void Publisher::on_result(const EmitResult& result) {
  using Fate = InFlight::Fate;
  switch (result.outcome) {
    case redis::Outcome::ok:
      tally_.receivers.add(result.receivers);
      in_flight_.end(result.id, Fate::passed);
      return;
    case redis::Outcome::refused: {
      ++tally_.failed;
      ++tally_.refused;
      const InFlight::Line line = in_flight_.end(result.id, options_.skip_bad_lines ? Fate::passed : Fate::kept);
      refused_ = !options_.skip_bad_lines;
      errors_.add(line.number, explain::refusal(result.message, options_, line.op, channel_));
      return;
    }
    case redis::Outcome::not_sent:
      ++tally_.failed;
      ++tally_.not_sent;
      not_sent_.add(in_flight_.end(result.id, Fate::kept).number);
      break;
    case redis::Outcome::unconfirmed:
      ++tally_.unconfirmed;
      unconfirmed_.add(in_flight_.end(result.id, Fate::passed).number);
      break;
  }
  if (why_lost_.empty()) {
    why_lost_ = result.message;
  }
}

Halt Publisher::finish(Halt halt) {
  Halt ended = Halt::none;
  if (halt != Halt::lost) {
    ended = wait(true);
  }
  emitter_.close(milliseconds(0));
  if (halt == Halt::lost || ended == Halt::lost) {
    console_.error("Redis at " + redis::describe(options_.redis) + " did not come back within " +
                   units::duration_text(options_.timeout) + ". Wait longer with --timeout, or run it again later.");
  }
  say_lost(not_sent_, "not sent");
  say_lost(unconfirmed_, "unconfirmed: Redis went away before it answered; they may have arrived, and are not sent again");
  return ended == Halt::lost ? Halt::lost : Halt::none;
}

void Publisher::say_lost(const Lost& lost, const std::string& what) const {
  if (lost.count == 0) {
    return;
  }
  const std::string which =
      options_.input ? units::counted(lost.count, "emit") + " (" + lines_text(lost.lines) + ")" : "the emit";
  console_.error(which + (lost.count == 1 ? " is " : " are ") + what + "." +
                 (console_.verbose() && !why_lost_.empty() ? " " + why_lost_ : ""));
}

void Publisher::Lost::add(std::uint64_t line) {
  lines.first = count == 0 ? line : std::min(lines.first, line);
  lines.last = std::max(lines.last, line);
  ++count;
}

}  // namespace socketio::cli
