#include "publisher.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/emitter/find_transport.hpp>
#include <socketio/protocol/sharded_channels.hpp>

#include "dry_run.hpp"
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

/// Readers are looked at after so many bytes, or after so long (the clock is looked at every watched_emits_).
constexpr std::uint64_t watched_bytes_max = std::uint64_t{2} << 20;
constexpr milliseconds watch_every{50};
constexpr milliseconds count_every{1'000};
/// What Redis may keep for the slowest subscriber before the batch waits, and when it goes on.
constexpr std::uint64_t output_bytes_high = std::uint64_t{4} << 20;
constexpr std::uint64_t output_bytes_low = std::uint64_t{1} << 20;
constexpr int look_again_ms = 5;
/// Smaller messages are not compared with Redis' limits.
constexpr std::size_t large_bytes = std::size_t{1} << 20;
/// What Redis keeps for a message besides its channel and payload.
constexpr std::uint64_t message_overhead_bytes = 1024;
/// Redis' own defaults, where it does not tell.
constexpr std::uint64_t subscriber_limit_bytes = std::uint64_t{32} << 20;

/// The hard limit of a class in "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60".
std::uint64_t limit_in(const std::string& setting, const std::string& of, std::uint64_t otherwise) {
  const std::size_t at = (" " + setting).find(" " + of + " ");
  if (at == std::string::npos) {
    return otherwise;
  }
  const std::string_view rest = std::string_view(setting).substr(at + of.size() + 1);
  return units::count(rest.substr(0, rest.find(' '))).value_or(otherwise);
}

/// "line 7", "lines 7 to 9 and 20"; of many ranges, the first ones.
std::string lines_text(const std::vector<LineRange>& ranges) {
  constexpr std::size_t shown_max = 8;
  const bool is_one = ranges.size() == 1 && ranges[0].first == ranges[0].last;
  std::string text = is_one ? "line " : "lines ";
  const std::size_t shown = std::min(ranges.size(), shown_max);
  for (std::size_t index = 0; index < shown; ++index) {
    const LineRange& range = ranges[index];
    text += index == 0 ? "" : index + 1 == shown && shown == ranges.size() ? " and " : ", ";
    text += std::to_string(range.first) + (range.first == range.last ? "" : " to " + std::to_string(range.last));
  }
  return text + (shown == ranges.size() ? "" : " and others up to " + std::to_string(ranges.back().last));
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
      emitter_(batch_redis(), emitter_options()),
      outlet_(Way(emitter_).outlet()) {}

/// After an outage what has queued up waits until as many servers are back as there were: wait_for_servers().
redis::Options Publisher::batch_redis() {
  redis::Options redis = redis_options(options_, console_);
  if (options_.input) {
    redis.resume_wait_max_ms = static_cast<std::uint32_t>(options_.timeout.count());
    redis.resume_when = [this](std::uint64_t outages) { return outages <= outages_waited_ || !redis_tells_; };
  }
  return redis;
}

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
  emitter.use_sharded_pubsub = options_.use_sharded_pubsub;
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
  if (options_.input && redis_tells_) {
    watch_.emplace(options_, console_);
  }
  if (options_.uses(Transport::streams)) {
    watched_emits_ = std::clamp<std::uint64_t>(options_.stream_length_max / 4, 1, watched_emits_);
  }
  counted_at_ = watched_at_ = Clock::now();
}

void Publisher::learn(ServerCounts::Place place, const FoundTransport& found) {
  redis_tells_ = found.outcome == redis::Outcome::ok;
  if (redis_tells_) {
    counts_.set_strangers(place, strangers_of(options_, found));
    counts_.set(place, servers_of(options_, found) + strangers_of(options_, found), taps_of(options_, found));
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
  check_size(operation);
  in_flight_.push(end, operation.op, place, goes_to_all_servers(operation));
  bytes_unwatched_ += operation.data.size();
  ++emits_unwatched_;
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
  if (watch_ && (bytes_unwatched_ >= watched_bytes_max || emits_unwatched_ % watched_emits_ == 0)) [[unlikely]] {
    if (const Halt halt = spare_readers(); halt != Halt::none) {
      return halt;
    }
  }
  if (in_flight_.waiting_count() < under_way_max && in_flight_.waiting_bytes() < under_way_bytes_max) [[likely]] {
    return Halt::none;
  }
  return wait(false);
}

Halt Publisher::pause() {
  emitter_.poll();
  if (const Halt halt = wait_for_servers(); halt != Halt::none) {
    return halt;
  }
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
    if (const Halt halt = wait_for_servers(); halt != Halt::none && !until_the_end) {
      return halt;
    }
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
  std::uint64_t ended = 0;
  switch (result.outcome) {
    case redis::Outcome::ok: {
      const InFlight::Line line = in_flight_.end(result.id, Fate::passed);
      const ServerCounts::Place place = line.place;
      bool is_fewer = false;
      if (result.selected_nobody) [[unlikely]] {
        ++tally_.selected_nobody;
      } else if (result.receivers) [[likely]] {
        const std::int64_t servers = counts_.servers_among(place, *result.receivers, line.to_all_servers);
        tally_.receivers.add(servers);
        is_fewer = watch_ && line.to_all_servers && counts_.is_known(place) &&
                   static_cast<std::uint64_t>(servers) < counts_.most_servers(place) && !options_.counts_one_node();
        if (is_fewer) [[unlikely]] {
          ++tally_.fewer;
          fewer_.add(line.number);
        }
        if (*result.receivers == 0 && counts_.servers(place).value_or(0) != 0) {
          ++tally_.empty_rooms;
        }
      } else {
        ++tally_.receivers_unknown;
      }
      if (line_ended_) {
        line_ended_(line.number, is_fewer);
      }
      return;
    }
    case redis::Outcome::refused: {
      ++tally_.failed;
      ++tally_.refused;
      const InFlight::Line line = in_flight_.end(result.id, options_.skip_bad_lines ? Fate::passed : Fate::kept);
      refused_ = !options_.skip_bad_lines;
      if (line_ended_) {
        line_ended_(line.number, options_.skip_bad_lines || !options_.checkpoint);
      }
      errors_.add(line.number, explain::refusal(result.message, options_, line.op, channel_));
      return;
    }
    case redis::Outcome::not_sent:
      ++tally_.failed;
      ++tally_.not_sent;
      ended = in_flight_.end(result.id, Fate::kept).number;
      not_sent_.add(ended);
      break;
    case redis::Outcome::unconfirmed:
      ++tally_.unconfirmed;
      ended = in_flight_.end(result.id, Fate::passed).number;
      unconfirmed_.add(ended);
      break;
  }
  if (line_ended_) {  // what was not sent, the next run sends
    line_ended_(ended, result.outcome == redis::Outcome::unconfirmed || !options_.checkpoint);
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
  if (tally_.empty_rooms != 0 && tally_.empty_rooms == tally_.sent() && !options_.input && signals_.pending() == 0) {
    look_for_room_channels(options_, console_, signals_);
  }
  if (halt == Halt::lost || ended == Halt::lost) {
    console_.error("Redis at " + redis::describe(options_.redis) + " did not come back within " +
                   units::duration_text(options_.timeout) + ". Wait longer with --timeout, or run it again later.");
  }
  if (fewer_.count != 0) {
    console_.error(units::counted(fewer_.count, "emit") + " (" + lines_text(fewer_.lines) +
                   ") reached fewer servers than there were before.");
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

/// Lines end nearly in their order: each joins the range before it, behind it, or is one of its own.
void Publisher::Lost::add(std::uint64_t line) {
  ++count;
  auto next = std::find_if(lines.rbegin(), lines.rend(), [line](const LineRange& range) { return range.first <= line; }).base();
  if (next != lines.begin() && std::prev(next)->last + 1 >= line) {
    LineRange& before = *std::prev(next);
    before.last = std::max(before.last, line);
    if (next != lines.end() && next->first == before.last + 1) {
      before.last = next->last;
      lines.erase(next);
    }
  } else if (next != lines.end() && next->first == line + 1) {
    next->first = line;
  } else {
    lines.insert(next, {line, line});
  }
}

// ---- what the fleet can take -----------------------------------------------------------------------------------------------

/// Not to the channel of one room, where only those servers listen that have a client in it.
bool Publisher::goes_to_all_servers(const Operation& operation) const {
  const std::vector<Room>& rooms = operation.target.rooms;
  return !(options_.uses(Transport::sharded) && operation.op == Op::emit && rooms.size() == 1 &&
           sharded_channels::has_channel(options_.sharded_mode, rooms.front()));
}

/// Redis cuts the connection of a subscriber for whom it would have to keep more than its limit: a message above it ends the
/// connections of all servers, and reaches nobody.
void Publisher::check_size(const Operation& operation) {
  if (operation.data.size() < large_bytes) [[likely]] {
    return;
  }
  Rehearsal rehearsal(options_);
  perform(rehearsal, operation);
  for (const Encoder::Publication& publication : rehearsal.publications()) {
    const std::uint64_t limit = output_limit(publication.command == Encoder::Command::add_entry);
    const std::uint64_t bytes = publication.payload.size() + 2 * publication.channel.size() + message_overhead_bytes;
    if (limit != 0 && bytes >= limit) {
      throw Error(ErrorCode::too_large, "The message has " + units::grouped(publication.payload.size()) +
                                            " bytes. Redis cuts the connections of servers for which it has to keep " +
                                            units::grouped(limit) + " (client-output-buffer-limit), so nobody would get it.");
    }
  }
}

std::uint64_t Publisher::output_limit(bool of_streams) {
  if (!output_limits_) {
    output_limits_.emplace(subscriber_limit_bytes, 0);
    const auto answer = std::make_shared<std::optional<std::string>>();
    const auto ask = [&answer](redis::Client& client) {
      constexpr std::array<std::string_view, 3> words{"CONFIG", "GET", "client-output-buffer-limit"};
      client.command(words, [answer](const redis::CommandResult& result) {
        const auto& elements = result.reply.elements;
        *answer = result.outcome == redis::Outcome::ok && elements.size() == 2 ? elements[1].text : std::string();
      });
    };
    emitter_.with_client(
        ask, [&answer] { return answer->has_value(); }, options_.timeout);
    *output_limits_ = {limit_in(answer->value_or(""), "pubsub", subscriber_limit_bytes),
                       limit_in(answer->value_or(""), "normal", 0)};
  }
  return of_streams ? output_limits_->second : output_limits_->first;
}

/// Looks at the readers now and then: servers that are slower than the input would be cut off by Redis, or miss what a stream
/// drops.
Halt Publisher::spare_readers() {
  const Clock::time_point now = Clock::now();
  if (now - counted_at_ >= count_every) {
    counted_at_ = now;
    watch_->count(counts_, slice.count());
  }
  const bool fills_stream = options_.uses(Transport::streams) && emits_unwatched_ * 4 >= options_.stream_length_max;
  if (!watch_->may_read() || (bytes_unwatched_ < watched_bytes_max && now - watched_at_ < watch_every && !fills_stream)) {
    return Halt::none;
  }
  Halt halt = Halt::none;
  if (fills_stream) {
    halt = wait(false);  // what is under way goes into the stream first
  }
  if (fills_stream || !options_.uses(Transport::streams) || options_.transports.size() > 1) {
    halt = halt == Halt::none ? wait_for_readers() : halt;
    emits_unwatched_ = 0;
  }
  bytes_unwatched_ = 0;
  watched_at_ = Clock::now();
  return halt;
}

/// Waits until the slowest subscriber, and every reader of streams, has read enough; for at most the timeout.
Halt Publisher::wait_for_readers() {
  const Clock::time_point deadline = Clock::now() + options_.timeout;
  std::uint64_t output_bytes_max = output_bytes_high;
  std::set<std::string> done;
  for (Readers readers; watch_->read(readers, slice.count()); readers = {}) {
    bool streams_read = true;
    for (const auto& [reader, waits] : readers.waiting) {
      if (waits) {
        done.insert(reader);
      }
      streams_read = streams_read && done.contains(reader);
    }
    const bool enough = readers.output_bytes_max <= output_bytes_max && (streams_read || !options_.uses(Transport::streams));
    if (enough || Clock::now() >= deadline) {
      return Halt::none;
    }
    if (!std::exchange(told_slow_, true)) {
      console_.note("The servers read more slowly than this is sent; waiting for them now and then.");
    }
    output_bytes_max = output_bytes_low;
    emitter_.poll();
    if (signals_.wait(-1, look_again_ms) == Signals::Woken::signal) {
      return Halt::signal;
    }
  }
  return Halt::none;
}

/// After an outage the servers come back one by one; what is published before goes past those that are still away.
Halt Publisher::wait_for_servers() {
  const std::uint64_t outages = watch_ ? emitter_.redis_counters().disconnects : 0;
  if (outages <= outages_waited_ || emitter_.state() != redis::State::ready) [[likely]] {
    return Halt::none;
  }
  const Clock::time_point begin = Clock::now();
  bool told = false;
  while (!(watch_->count(counts_, slice.count()) && counts_.all_back()) && Clock::now() - begin < options_.timeout) {
    if (!std::exchange(told, true)) {
      console_.note("Redis is back; waiting up to " + units::duration_text(options_.timeout) + " for the servers.");
    }
    if (signals_.wait(-1, 4 * look_again_ms) == Signals::Woken::signal) {
      break;
    }
  }
  outages_waited_ = outages;
  emitter_.poll();
  silent_since_ += Clock::now() - begin;
  return signals_.pending() != 0 ? Halt::signal : Halt::none;
}

}  // namespace socketio::cli
