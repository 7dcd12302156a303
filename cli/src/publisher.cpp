#include "publisher.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <socketio/emitter/find_transport.hpp>

#include "explain.hpp"
#include "fleet.hpp"
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

std::string lines_text(const LineRange& lines) {
  return lines.first == lines.last ? "line " + std::to_string(lines.first)
                                   : "lines " + std::to_string(lines.first) + " to " + std::to_string(lines.last);
}

}  // namespace

Publisher::Publisher(Options& options, Console& console, const Signals& signals, Tally& tally, LineErrors& errors,
                     Position start, std::function<Halt()> tick)
    : options_(options),
      console_(console),
      signals_(signals),
      tally_(tally),
      errors_(errors),
      tick_(std::move(tick)),
      in_flight_(start),
      emitter_(redis_options(options_, console_), emitter_options()),
      outlet_(Way(emitter_).outlet()) {}

/// The limits of the library are not to be met: what is under way is bounded here, where signals are looked at.
EmitterOptions Publisher::emitter_options() {
  EmitterOptions emitter;
  if (options_.transports.empty()) {  // looked for before the first emit
    emitter.transport = Transport::automatic;
  } else {
    emitter.transport = options_.transports.front();
    emitter.also.assign(options_.transports.begin() + 1, options_.transports.end());
  }
  emitter.key = options_.key;
  emitter.sharded_mode = options_.sharded_mode;
  emitter.stream_name = options_.stream_name;
  emitter.stream_count = options_.stream_count;
  emitter.stream_length_max = options_.stream_length_max;
  emitter.beside_classic = options_.beside_classic;
  emitter.write_ahead_bytes = limits::message_bytes_max * 2;
  emitter.close_timeout_ms = 0;
  emitter.on_result = [this](const EmitResult& result) { on_result(result); };
  return emitter;
}

void Publisher::connect() {
  const Clock::time_point deadline = Clock::now() + options_.timeout;
  console_.detail("Redis is at " + redis::describe(options_.redis) + ", the transport " + transports_text(options_) +
                  ", the key \"" + text::excerpt(options_.key) + "\", the timeout " + units::duration_text(options_.timeout) +
                  ".");
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    const std::string error = emitter_.connect(std::clamp(left, milliseconds(1), slice));
    const redis::State state = emitter_.state();
    if (state == redis::State::ready) {
      look();
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

/// Asks over the emitter's connection, behind what was emitted before. Nothing: the answer did not come in time.
std::optional<FoundTransport> Publisher::ask_who_listens(bool with_streams, const std::string& nsp) {
  // The answer may come after this call has given up.
  const auto found = std::make_shared<std::optional<FoundTransport>>();
  const auto ask = [&, found](redis::Client& client) {
    const auto done = [found](const FoundTransport& result) { *found = result; };
    const FleetSettings fleet = options_.fleet(Transport::classic);
    with_streams ? find_transport(client, fleet, nsp, done) : socketio::count_servers(client, fleet, nsp, done);
  };
  const Clock::time_point deadline = Clock::now() + options_.timeout;
  const auto is_done = [&found] { return found->has_value(); };
  bool done = emitter_.with_client(ask, is_done, std::min<milliseconds>(slice, options_.timeout));
  while (!done && signals_.pending() == 0 && Clock::now() < deadline && emitter_.state() == redis::State::ready) {
    done = emitter_.with_client([](redis::Client&) {}, is_done, slice);
  }
  return *found;
}

/// By which transport the servers listen, and how many there are.
void Publisher::look() {
  if (!looks_at_fleet(options_)) {
    return;
  }
  const auto found = ask_who_listens(true, options_.nsp);
  if (signals_.pending() != 0) {
    throw Failure(static_cast<ExitStatus>(128 + signals_.pending()), "Interrupted; nothing was sent.");
  }
  const bool answered = found && (found->outcome == redis::Outcome::ok || found->outcome == redis::Outcome::refused);
  if (!answered) {
    const std::string error = found ? found->message : "Redis did not answer in time.";
    throw Failure(ExitStatus::refused, explain::no_connection(error, options_));
  }
  choose_transport(options_, console_, *found);
  look_for_classic(options_, console_, signals_);
  emitter_.use_fleet(emitter_options());
  learn(counts_.place_of(options_.nsp), *found);
}

void Publisher::learn(ServerCounts::Place place, const FoundTransport& found) {
  redis_tells_ = found.outcome == redis::Outcome::ok;
  if (redis_tells_) {
    const std::uint64_t servers = (options_.uses(Transport::classic) ? found.classic_servers : 0) +
                                  (options_.uses(Transport::sharded) ? found.sharded_servers : 0) +
                                  (options_.uses(Transport::streams) ? found.streams_servers : 0);
    counts_.set(place, servers, options_.uses(Transport::sharded) ? found.sharded_taps : 0);
  }
}

void Publisher::count_servers(ServerCounts::Place place) {
  if (const auto found = ask_who_listens(false, counts_.name_of(place))) {
    learn(place, *found);
  }
}

void Publisher::send(const Operation& operation, Position end) {
  const ServerCounts::Place place = counts_.place_of(operation.target.nsp);
  if (redis_tells_ && place != ServerCounts::no_place && !counts_.is_known(place)) [[unlikely]] {
    count_servers(place);
  }
  in_flight_.push(end, operation.op, place);
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
/// was lost, but only once: a Redis that accepts connections and answers nothing is as good as none. What passes between two
/// waits, because no line is due or at hand, does not count.
Halt Publisher::wait(bool until_the_end) {
  const Clock::time_point begin = Clock::now();
  silent_since_ = troubled_ ? silent_since_ + (begin - waited_until_) : begin;
  const Halt halt = wait_for_answers(until_the_end);
  waited_until_ = Clock::now();
  return halt;
}

Halt Publisher::wait_for_answers(bool until_the_end) {
  const Clock::time_point begin = Clock::now();
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
    case redis::Outcome::ok: {
      const ServerCounts::Place place = in_flight_.end(result.id, Fate::passed).place;
      if (result.selected_nobody) [[unlikely]] {
        ++tally_.selected_nobody;
      } else if (result.receivers) [[likely]] {
        tally_.receivers.add(counts_.servers_among(place, *result.receivers));
        if (*result.receivers == 0 && counts_.servers(place).value_or(0) != 0) {
          ++tally_.empty_rooms;
        }
      } else {
        ++tally_.receivers_unknown;
      }
      return;
    }
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
  const bool never_answered = tally_.sent() + tally_.refused == 0;  // then it may not be Redis, or only by TLS
  console_.error(which + (lost.count == 1 ? " is " : " are ") + what + "." +
                 ((console_.verbose() || never_answered) && !why_lost_.empty() ? " " + why_lost_ : ""));
}

void Publisher::Lost::add(std::uint64_t line) {
  lines.first = count == 0 ? line : std::min(lines.first, line);
  lines.last = std::max(lines.last, line);
  ++count;
}

}  // namespace socketio::cli
