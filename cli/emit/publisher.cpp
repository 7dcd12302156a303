#include "publisher.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <memory>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/emitter/find_transport.hpp>
#include <socketio/protocol/sharded_channels.hpp>

#include "dry_run.hpp"
#include "common/exit_status.hpp"
#include "common/explain.hpp"
#include "fleet.hpp"
#include "common/text.hpp"
#include "common/units.hpp"

namespace socketio::cli {
namespace {

using std::chrono::milliseconds;

/// Most pending emits, and most bytes of input that they may come from.
constexpr std::size_t under_way_max = 16'384;
constexpr std::uint64_t under_way_bytes_max = std::uint64_t{8} << 20;
/// Longest wait between two checks for signals.
constexpr milliseconds slice{100};

/// Emits between two checks of the clock.
constexpr std::uint64_t look_around_emits = 256;
/// Size of a first emit that cannot make Redis disconnect a server that keeps up.
constexpr std::uint64_t harmless_bytes = std::uint64_t{64} << 10;
constexpr milliseconds count_every{1'000};
constexpr int look_again_ms = 20;
/// Most emits whose number of servers is decided by the next count.
constexpr std::size_t held_max = 4'096;

/// Text of line numbers: "line 7", "lines 7 to 9 and 20"; of many ranges, only the first ones.
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
      outlet_(Way(emitter_).outlet()),
      compares_sizes_(options.input.has_value()),
      sizes_(options) {}

/// Redis options. In a batch, emits queued during an outage wait until as many servers are back as before: wait_for_servers().
redis::Options Publisher::batch_redis() {
  redis::Options redis = redis_options(options_, console_);
  if (options_.input) {
    redis.resume_wait_max = options_.timeout;
    redis.resume_when = [this](std::uint64_t outages) { return outages <= outages_waited_ || !redis_tells_; };
  }
  return redis;
}

/// Emitter options. The library's own limits must not be reached: pending emits are bounded here, where signals are checked.
EmitterOptions Publisher::emitter_options() {
  EmitterOptions emitter;
  static_cast<Fleet&>(emitter) = options_;
  if (options_.transports.empty()) {  // look() chooses it before the first emit
    emitter.transport = Transport::automatic;
  } else {
    emitter.transport = options_.transports.front();
    emitter.also.assign(options_.transports.begin() + 1, options_.transports.end());
  }
  emitter.write_ahead_bytes = limits::message_bytes_max * 2;
  emitter.close_timeout = std::chrono::milliseconds(0);
  emitter.slow_server_wait = std::chrono::milliseconds(0);  // Throttle waits, and checks for signals
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

/// Queries the servers over the emitter's connection, after the emits before. Empty when the reply did not come in time.
std::optional<FoundTransport> Publisher::ask_who_listens(bool with_streams, const std::string& nsp) {
  // The reply may arrive after this call has returned.
  const auto found = std::make_shared<std::optional<FoundTransport>>();
  const auto ask = [&, found](redis::Client& client) {
    const auto done = [found](const FoundTransport& result) { *found = result; };
    const Fleet fleet = options_.fleet(Transport::classic);
    ask_limits(client);
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

/// Finds the transport and the number of the servers.
void Publisher::look() {
  if (!looks_at_fleet(options_)) {
    make_sure_of_redis();
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
  looks_again_ = options_.input && options_.transport_choice == TransportChoice::by_default && found->nobody();
  sizes_.forget_transports();
  counted_at_ = Clock::now();
}

void Publisher::expect(const OwnedOperation& operation, std::string channel) {
  channel_ = std::move(channel);
  compares_sizes_ = MessageSizes::estimate(operation) >= MessageSizes::small_bytes;
}

/// Sends PING when no other query was sent: the peer may not be Redis, or may expect TLS and accept nothing. In that case
/// nothing is sent, because the emits would end unconfirmed.
void Publisher::make_sure_of_redis() {
  const auto answer = std::make_shared<std::optional<redis::CommandResult>>();
  const auto ask = [this, answer](redis::Client& client) {
    ask_limits(client);
    constexpr std::array<std::string_view, 1> words{"PING"};
    client.command(words, [answer](redis::CommandResult result) { *answer = std::move(result); });
  };
  const Clock::time_point deadline = Clock::now() + options_.timeout;
  const auto is_done = [&answer] { return answer->has_value(); };
  bool done = emitter_.with_client(ask, is_done, slice);
  while (!done && signals_.pending() == 0 && Clock::now() < deadline) {
    done = emitter_.with_client([](redis::Client&) {}, is_done, slice);
  }
  if (signals_.pending() != 0) {
    throw Failure(static_cast<ExitStatus>(128 + signals_.pending()), "Interrupted; nothing was sent.");
  }
  if (!done || ((*answer)->outcome != redis::Outcome::ok && (*answer)->outcome != redis::Outcome::refused)) {
    throw Failure(ExitStatus::refused,
                  explain::no_connection(done ? (*answer)->message : std::string("Redis did not answer in time."), options_));
  }
}

/// Queries Redis' output buffer limits if they may matter. Does not wait for the reply, which comes before those to later
/// queries.
void Publisher::ask_limits(redis::Client& client) {
  if (compares_sizes_ && !limits_) {
    emitter::ask_output_limits(client, [this, alive = std::weak_ptr<const bool>(alive_)](const OutputLimits& limits) {
      if (!alive.expired()) {
        limits_ = limits;
      }
    });
  }
}

Throttle::Sender Publisher::sender() {
  return {[this] { return in_flight_.waiting_kept_bytes(); },
          [this](milliseconds time) { time.count() == 0 ? emitter_.poll() : static_cast<void>(emitter_.flush(time)); },
          [this] { return wait(false); }, [this] { return emitter_.state() == redis::State::ready; }};
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

/// False while there is nothing to slow down: a batch of one small emit needs no second connection, and without Redis there is
/// nothing to measure.
bool Publisher::begin_throttle() {
  if (emits_ == 0 && kept_bytes_ <= harmless_bytes) {
    return false;
  }
  if (!watch_) {
    watch_.emplace(options_, console_);
  }
  if (emitter_.state() != redis::State::ready) {
    return false;
  }
  throttle_.emplace(options_, console_, signals_, *watch_, sender());
  throttle_->begin(limits_->subscribers);
  if (emits_ != 0) {
    throttle_->sent(0);  // the first is in the stream, and its bytes are too few to count
  }
  return true;
}

Halt Publisher::make_room(const OwnedOperation& operation, Position end) {
  if (compares_sizes_ && !limits_) [[unlikely]] {  // the limits were queried, but the reply was not awaited
    emitter_.with_client([](redis::Client&) {}, [this] { return limits_.has_value(); }, options_.timeout);
    limits_ = limits_.value_or(OutputLimits{});
  }
  kept_bytes_ = compares_sizes_ ? sizes_.for_subscribers(operation, *limits_) : 0;
  if (!options_.input) {
    return Halt::none;
  }
  if (!throttle_) [[unlikely]] {
    if (!begin_throttle()) {
      return Halt::none;
    }
  }
  std::string problem;
  const Halt halt = throttle_->make_room(kept_bytes_, problem);
  if (halt == Halt::stopped) {
    ++tally_.failed;
    errors_.add(end.line, problem + ".");
    if (line_ended_) {
      line_ended_(end.line, !options_.checkpoint);
    }
  }
  return halt;
}

void Publisher::send(const OwnedOperation& operation, Position end) {
  const ServerCounts::Place place = counts_.place_of(operation.target.nsp);
  if (redis_tells_ && place != ServerCounts::no_place && !counts_.is_known(place)) [[unlikely]] {
    count_servers(place);
  }
  in_flight_.push(end, operation.kind, place, goes_to_all_servers(operation), kept_bytes_);
  try {
    perform(outlet_, operation);
  } catch (...) {
    in_flight_.take_back();
    throw;
  }
  ++emits_;
  if (throttle_) {
    throttle_->sent(kept_bytes_);
  }
}

Halt Publisher::keep_up() {
  if (refused_) [[unlikely]] {
    return Halt::refused;
  }
  if (watch_ && (recounts_ || emits_ % look_around_emits == 0)) [[unlikely]] {
    if (throttle_) {
      throttle_->look();
    }
    if (const Halt halt = look_around(); halt != Halt::none) {
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
  return refused_ ? Halt::refused : look_around();
}

Halt Publisher::settle() {
  const bool is_settled = in_flight_.waiting_count() == 0 && !refused_;
  const Halt halt = is_settled ? Halt::none : wait(false);
  recounts_ = recounts_ || !held_.empty();
  return halt == Halt::none && recounts_ ? look_around() : halt;
}

/// Waits until no emit is pending. Gives up when Redis has confirmed nothing for the timeout. A lost connection restarts the
/// timeout, but only once: a Redis that accepts connections and never replies counts as lost. Time between two waits, when no
/// line is due or available, does not count.
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
      const InFlight::Line line = in_flight_.end(result.id, Fate::unsure);
      if (result.selected_nobody) [[unlikely]] {
        ++tally_.selected_nobody;
      } else if (result.receivers) [[likely]] {
        on_receivers(result.id, line, *result.receivers);
        return;
      } else {
        ++tally_.receivers_unknown;
      }
      in_flight_.pass(result.id);
      end_sent(line.number, false);
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
  if (line_ended_) {  // with a checkpoint, the next run sends what was not sent
    line_ended_(ended, result.outcome == redis::Outcome::unconfirmed || !options_.checkpoint);
  }
  if (why_lost_.empty()) {
    why_lost_ = result.message;
  }
}

/// Counts the servers among the receivers. If their number does not agree with the last count of the servers and taps, requests
/// a new count, which decides.
void Publisher::on_receivers(EmitId id, const InFlight::Line& line, std::int64_t receivers) {
  const ServerCounts::Place place = line.place;
  const bool to_all = line.to_all_servers;
  const std::int64_t servers = counts_.servers_among(place, receivers, to_all);
  tally_.receivers.add(servers);
  const std::uint64_t known = counts_.servers(place).value_or(0);
  tally_.empty_rooms += receivers == 0 && known != 0 ? 1U : 0U;
  bool is_fewer = false;
  if (options_.input && counts_.is_known(place)) [[likely]] {
    const std::uint64_t most = counts_.most_servers(place);
    is_fewer = to_all && static_cast<std::uint64_t>(servers) < most && !options_.counts_one_node();
    const bool is_new = watch_ && counts_.note(place, receivers, to_all);
    const std::int64_t others = counts_.others(place, to_all);
    const Unsure emit{place, to_all, receivers, servers, others};
    if (watch_ && receivers - others > servers) [[unlikely]] {
      ++above_[emit];
      recounts_ = recounts_ || is_new;
    }
    if (watch_ && is_fewer && (static_cast<std::uint64_t>(servers) < known || !held_.empty())) [[unlikely]] {
      held_.push_back({id, line.number, most, emit});
      recounts_ = recounts_ || is_new || held_.size() >= held_max;
      return;
    }
  }
  in_flight_.pass(id);
  end_sent(line.number, is_fewer);
}

void Publisher::end_sent(std::uint64_t line, bool is_fewer) {
  if (is_fewer) [[unlikely]] {
    ++tally_.fewer;
    fewer_.add(line);
  }
  if (line_ended_) {
    line_ended_(line, is_fewer);
  }
}

Halt Publisher::finish(Halt halt, std::uint64_t last_read) {
  Halt ended = Halt::none;
  if (halt != Halt::lost) {
    ended = wait(true);
  }
  if (!above_.empty() || !held_.empty()) {
    count_again(true);
  }
  const bool is_lost = halt == Halt::lost || ended == Halt::lost;
  const std::string why = is_lost ? why_lost() : std::string();
  emitter_.close(milliseconds(0));
  if (tally_.empty_rooms != 0 && tally_.empty_rooms == tally_.sent() && !options_.input && signals_.pending() == 0) {
    look_for_room_channels(options_, console_, signals_);
  }
  if (is_lost) {
    console_.error(why);
  }
  if (options_.input && (is_lost || halt == Halt::stopped)) {
    say_where_to_go_on(last_read);
  }
  if (fewer_.count != 0) {
    console_.error(units::counted(fewer_.count, "emit") + " (" + lines_text(fewer_.lines) +
                   ") reached fewer servers than there were before.");
  }
  say_lost(not_sent_, "not sent");
  say_lost(unconfirmed_, "unconfirmed: Redis went away before it answered; they may have arrived, and are not sent again");
  return ended == Halt::lost ? Halt::lost : Halt::none;
}

/// A sentence on why Redis accepts no more, and what to do about it.
std::string Publisher::why_lost() {
  std::string error;
  bool is_refusal = false;
  const auto ask = [&](redis::Client& client) {
    error = client.last_error();
    is_refusal = client.last_error_is_refusal() && client.state() != redis::State::ready;
  };
  emitter_.with_client(
      ask, [] { return true; }, milliseconds(0));
  return is_refusal ? explain::no_connection(error, options_)
                    : "Redis at " + redis::describe(options_.redis) + " did not come back within " +
                          units::duration_text(options_.timeout) + ". Wait longer with --timeout, or go on later.";
}

/// Prints where to continue, so that nothing is sent twice or left out.
void Publisher::say_where_to_go_on(std::uint64_t last_read) const {
  const std::string read = " Line " + std::to_string(last_read) + " is the last one that was read.";
  if (options_.checkpoint) {
    console_.error("Run the same command again to go on." + read);
  } else if (options_.rejects) {
    console_.error("Go on with the lines in the file of --rejects and those from line " + std::to_string(last_read + 1) + "." +
                   read);
  } else {
    const std::uint64_t next = in_flight_.done().line + 1;
    const std::vector<LineRange> ahead = in_flight_.passed_ahead();
    console_.error("Go on from line " + std::to_string(next) + " (tail -n +" + std::to_string(next) +
                   "): running it again from the start would send those before twice" +
                   (ahead.empty() ? "" : ", and from there " + lines_text(ahead)) + "." + read);
  }
}

void Publisher::say_lost(const Lost& lost, const std::string& what) const {
  if (lost.count == 0) {
    return;
  }
  const std::string which =
      options_.input ? units::counted(lost.count, "emit") + " (" + lines_text(lost.lines) + ")" : "the emit";
  const bool never_answered = tally_.sent() + tally_.refused == 0;  // then the peer may not be Redis, or may require TLS
  console_.error(which + (lost.count == 1 ? " is " : " are ") + what + "." +
                 ((console_.verbose() || never_answered) && !why_lost_.empty() ? " " + why_lost_ : ""));
}

/// Adds a line to the range before or after it, or as a new range. Lines complete nearly in order, so the search starts at the
/// end.
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

// ---- servers of the fleet -------------------------------------------------------------------------------------------------

/// False for the channel of one room, to which only servers with a client in that room are subscribed.
bool Publisher::goes_to_all_servers(const OwnedOperation& operation) const {
  const std::vector<Room>& rooms = operation.target.rooms;
  return !(options_.uses(Transport::sharded) && operation.kind == Op::emit && rooms.size() == 1 &&
           sharded_channels::has_channel(options_.sharded_mode, rooms.front()));
}

/// Counts the servers at most once a second, and sooner when an emit has reached more subscribers than known servers. If no
/// server listened at the beginning, checks whether servers listen by now, and on which transport.
Halt Publisher::look_around() {
  const Clock::time_point now = Clock::now();
  if (!watch_ || !redis_tells_ || emitter_.state() != redis::State::ready || (!recounts_ && now - counted_at_ < count_every)) {
    return Halt::none;
  }
  counted_at_ = now;
  recounts_ = false;
  if (looks_again_) {
    if (const auto found = ask_who_listens(true, options_.nsp);
        found && found->outcome == redis::Outcome::ok && !found->nobody()) {
      return change_transport(*found);
    }
  }
  count_again(false);
  return Halt::none;
}

/// Counts the servers, and decides how many of them the unsure emits reached. Without an answer of Redis, the next call does.
void Publisher::count_again(bool is_last) {
  const bool answered = emitter_.state() == redis::State::ready && watch_->count(counts_, slice.count());
  if (!answered && !is_last && held_.size() < held_max) {
    return;
  }
  for (const auto& [emit, emits] : std::exchange(above_, {})) {
    recount(emit, emits);
  }
  for (const Held& held : std::exchange(held_, {})) {
    const std::int64_t servers = recount(held.emit, 1);
    end_sent(held.line, static_cast<std::uint64_t>(servers) < held.most_servers);
    in_flight_.pass(held.id);
  }
}

/// Moves emits to the number of servers that they reached as is known now, and returns it.
std::int64_t Publisher::recount(const Unsure& emit, std::uint64_t emits) {
  const std::int64_t servers = counts_.servers_among(emit.place, emit.receivers, emit.to_all, emit.others);
  if (servers <= emit.counted) {
    return emit.counted;
  }
  tally_.receivers.change(emit.counted, servers, emits);
  return servers;
}

Halt Publisher::change_transport(const FoundTransport& found) {
  looks_again_ = false;
  const std::string before = transports_text(options_);
  try {
    choose_transport(options_, console_, found);
  } catch (const Failure& failure) {
    console_.error(std::string("Servers listen now, but it is not clear how to send. ") + failure.what());
    return Halt::stopped;
  }
  if (transports_text(options_) != before) {
    console_.note("Servers listen now: sent by the transport " + transports_text(options_) + " from here on.");
    emitter_.use_fleet(emitter_options());
    sizes_.forget_transports();
  }
  learn(counts_.place_of(options_.nsp), found);
  return Halt::none;
}

/// Waits for the servers after an outage: they come back one by one, and miss messages that are published before.
Halt Publisher::wait_for_servers() {
  const std::uint64_t outages = watch_ && redis_tells_ ? emitter_.redis_counters().disconnects : 0;
  if (outages <= outages_waited_ || emitter_.state() != redis::State::ready) [[likely]] {
    return Halt::none;
  }
  const Clock::time_point begin = Clock::now();
  bool told = false;
  while (!(watch_->count(counts_, slice.count()) && counts_.all_back()) && Clock::now() - begin < options_.timeout) {
    if (!std::exchange(told, true)) {
      console_.note("Redis is back; waiting up to " + units::duration_text(options_.timeout) + " for the servers.");
    }
    if (signals_.wait(-1, look_again_ms) == Signals::Woken::signal) {
      break;
    }
  }
  outages_waited_ = outages;
  emitter_.poll();
  silent_since_ += Clock::now() - begin;
  return signals_.pending() != 0 ? Halt::signal : Halt::none;
}

}  // namespace socketio::cli
