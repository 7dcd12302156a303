#include "publisher.hpp"

#include "common/explain.hpp"
#include "common/text.hpp"
#include "fleet.hpp"

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
/// The same while emits wait for the count: those into a stream always do.
constexpr milliseconds count_held_every{250};
constexpr int look_again_ms = 20;

/// Prints where to continue, so that nothing is sent twice or left out.
void report_where_to_go_on(const Options& options, Console& console, const InFlight& in_flight, std::uint64_t last_read) {
  const std::string read = " Line " + std::to_string(last_read) + " is the last one that was read.";
  if (options.checkpoint) {
    console.error("Run the same command again to go on." + read);
  } else if (options.rejects) {
    console.error("Go on with the lines in the file of --rejects and those from line " + std::to_string(last_read + 1) + "." +
                  read);
  } else {
    const std::string next = std::to_string(in_flight.done().line + 1);
    const std::vector<LineRange> ahead = in_flight.passed_ahead();
    console.error("Go on from line " + next + " (tail -n +" + next +
                  "): running it again from the start would send those before twice" +
                  (ahead.empty() ? "" : ", and from there " + line_ranges::text(ahead)) + "." + read);
  }
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
      view_(options, console, signals, emitter_),
      check_(options, view_.counts(), tally),
      outage_(console, options.timeout),
      compares_sizes_(options.input.has_value()),
      emitter_(batch_redis(), batch_emitter()),
      outlet_(Way(emitter_).outlet()),
      sizes_(options) {}

/// Redis options. In a batch, emits queued during an outage wait until as many servers are back as before: wait_for_servers().
redis::Options Publisher::batch_redis() {
  redis::Options redis = redis_options(options_, console_);
  if (options_.input) {
    redis.resume_wait_max = options_.timeout;
    redis.resume_when = [this](std::uint64_t outages) { return outages <= outages_waited_ || !view_.redis_tells(); };
  }
  return redis;
}

/// Emitter options. The library's own limits must not be reached: pending emits are bounded here, where signals are checked.
EmitterOptions Publisher::batch_emitter() {
  EmitterOptions emitter = emitter_options(options_);
  emitter.write_ahead_bytes = limits::message_bytes_max * 2;
  emitter.close_timeout = milliseconds(0);
  emitter.slow_server_wait = milliseconds(0);  // Throttle waits, and checks for signals
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
    if (is_ready()) {
      break;
    }
    signals_.fail_if_pending();
    if (emitter_.state() != redis::State::connecting || Clock::now() >= deadline) {
      fail_refused(explain::no_connection(error, options_));
    }
  }
  view_.look(compares_sizes_);
  sizes_.forget_transports();
  counted_at_ = Clock::now();
}

void Publisher::expect(const OwnedOperation& operation, std::string channel) {
  channel_ = std::move(channel);
  compares_sizes_ = MessageSizes::estimate(operation) >= MessageSizes::small_bytes;
}

// ---- sending --------------------------------------------------------------------------------------------------------------

/// False while there is nothing to slow down: a batch of one small emit needs no second connection, and without Redis there is
/// nothing to measure.
bool Publisher::begin_throttle() {
  if (emits_ == 0 && std::max(next_.subscribers, next_.entry) <= harmless_bytes) {
    return false;
  }
  if (!watch_) {
    watch_.emplace(options_, console_);
  }
  if (!is_ready()) {
    return false;
  }
  throttle_.emplace(options_, console_, signals_, *watch_,
                    Throttle::Sender{[this] { return in_flight_.waiting_kept_bytes(); },
                                     [this](milliseconds time) {
                                       time.count() == 0 ? emitter_.poll() : static_cast<void>(emitter_.flush(time));
                                     },
                                     [this] { return wait(false); }, [this] { return is_ready(); }});
  throttle_->begin(view_.limits());
  if (emits_ != 0) {
    throttle_->sent({});  // the first is in the stream, and its bytes are too few to count
  }
  return true;
}

Halt Publisher::make_room(const OwnedOperation& operation, Position end) {
  next_ = compares_sizes_ ? sizes_.of(operation, view_.limits()) : MessageSizes::Sizes{};
  if (!options_.input || (!throttle_ && !begin_throttle())) [[unlikely]] {
    return Halt::none;
  }
  std::string problem;
  const Halt halt = throttle_->make_room(next_, problem);
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
  const ServerCounts::Place place = view_.counts().place_of(operation.target.nsp);
  refuse(view_.need_count(place));
  if (operation.kind == Op::server_side) {
    refuse(view_.server_side_problem(operation.target.nsp));
  }
  const bool by_main = operation.kind == Op::emit && operation.target.rooms.size() != 1;
  in_flight_.push(end, operation.kind, place, goes_to_all_servers(options_, operation), next_.subscribers, by_main);
  try {
    perform(outlet_, operation);
  } catch (...) {
    in_flight_.take_back();
    throw;
  }
  ++emits_;
  if (throttle_) {
    throttle_->sent(next_);
  }
}

/// Does nothing without a problem. Otherwise the line is refused, or the single emit.
void Publisher::refuse(std::string_view problem) const {
  if (problem.empty()) [[likely]] {
    return;
  }
  if (!options_.input) {
    fail_refused(std::string(problem));
  }
  throw Error(ErrorCode::not_supported, std::string(problem));
}

Halt Publisher::keep_up() {
  if (refused_) [[unlikely]] {
    return Halt::refused;
  }
  if (watch_ && (check_.wants_count || emits_ % look_around_emits == 0)) [[unlikely]] {
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
  return settle();
}

Halt Publisher::pause() {
  emitter_.poll();
  if (const Halt halt = wait_for_servers(); halt != Halt::none) {
    return halt;
  }
  if (!is_ready() && in_flight_.waiting_count() != 0) {
    return wait(false);
  }
  return refused_ ? Halt::refused : look_around();
}

Halt Publisher::settle() {
  const bool is_settled = in_flight_.waiting_count() == 0 && !refused_;
  const Halt halt = is_settled ? Halt::none : wait(false);
  check_.wants_count = check_.wants_count || check_.holds();
  return halt == Halt::none && check_.wants_count ? look_around() : halt;
}

// ---- results --------------------------------------------------------------------------------------------------------------

void Publisher::on_result(const EmitResult& result) {
  if (result.outcome != redis::Outcome::ok) {
    on_failure(result);
    return;
  }
  const InFlight::Line line = in_flight_.end(result.id, InFlight::Fate::unsure);
  std::optional<bool> is_fewer = false;
  if (result.selected_nobody) {
    ++tally_.selected_nobody;
  } else if (result.receivers) [[likely]] {
    is_fewer = check_.add(result.id, line, *result.receivers, watch_.has_value());
  } else {
    is_fewer = check_.add_entry(result.id, line, watch_.has_value());
  }
  if (is_fewer) {
    end_sent(result.id, line.number, *is_fewer);
  }
}

void Publisher::on_failure(const EmitResult& result) {
  const bool is_refused = result.outcome == redis::Outcome::refused;
  const bool is_unconfirmed = result.outcome == redis::Outcome::unconfirmed;
  const bool is_done = is_unconfirmed || (is_refused && options_.skip_bad_lines);
  const InFlight::Line line = in_flight_.end(result.id, is_done ? InFlight::Fate::passed : InFlight::Fate::kept);
  ++(is_unconfirmed ? tally_.unconfirmed : tally_.failed);
  if (line_ended_) {  // with a checkpoint, the next run sends what was not sent
    line_ended_(line.number, is_done || !options_.checkpoint);
  }
  if (is_refused) {
    ++tally_.refused;
    refused_ = !options_.skip_bad_lines;
    errors_.add(line.number, explain::refusal(result.message, options_, line.op, channel_));
    return;
  }
  tally_.not_sent += is_unconfirmed ? 0U : 1U;
  (is_unconfirmed ? unconfirmed_ : not_sent_).add(line.number);
  if (why_lost_.empty()) {
    why_lost_ = result.message;
  }
}

void Publisher::end_sent(EmitId id, std::uint64_t line, bool is_fewer) {
  in_flight_.pass(id);
  if (is_fewer) [[unlikely]] {
    ++tally_.fewer;
    fewer_.add(line);
  }
  if (line_ended_) {
    line_ended_(line, is_fewer);
  }
}

/// Waits until no emit is pending. Gives up when Redis has confirmed nothing for the timeout, see OutageWatch.
Halt Publisher::wait(bool until_the_end) {
  outage_.begin_wait(Clock::now());
  const Halt halt = wait_for_results(until_the_end);
  outage_.end_wait(Clock::now());
  return halt;
}

Halt Publisher::wait_for_results(bool until_the_end) {
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
    outage_.look(now, is_ready(), tally_.sent() + tally_.refused);
    const bool too_late = until_the_end && signals_.pending() != 0 && now - begin >= options_.timeout;
    if (too_late || (in_flight_.waiting_count() != 0 && outage_.is_over(now))) {
      return Halt::lost;
    }
    if (const Halt halt = tick_ && !until_the_end ? tick_() : Halt::none; halt != Halt::none) {
      return halt;
    }
  }
  if (outage_.is_troubled() && outage_.is_over(Clock::now())) {
    return Halt::lost;
  }
  return refused_ ? Halt::refused : Halt::none;
}

/// Waits for the servers after an outage: they come back one by one, and miss messages that are published before.
Halt Publisher::wait_for_servers() {
  const std::uint64_t outages = watch_ && view_.redis_tells() ? emitter_.redis_counters().disconnects : 0;
  if (outages <= outages_waited_ || !is_ready()) [[likely]] {
    return Halt::none;
  }
  const Clock::time_point begin = Clock::now();
  ServerCounts& counts = view_.counts();
  bool noted = false;
  while (!(watch_->count(counts, slice.count()) && counts.all_back()) && Clock::now() - begin < options_.timeout) {
    if (!std::exchange(noted, true)) {
      console_.note("Redis is back; waiting up to " + units::duration_text(options_.timeout) + " for the servers.");
    }
    if (signals_.wait(-1, look_again_ms) == Signals::Woken::signal) {
      break;
    }
  }
  outages_waited_ = outages;
  emitter_.poll();
  outage_.leave_out(Clock::now() - begin);
  return signals_.pending() != 0 ? Halt::signal : Halt::none;
}

/// Counts the servers at most once a second, and sooner when an emit has reached more subscribers than known servers, or when
/// emits wait for the count. If no server listened at the beginning, checks whether servers listen by now, and on which
/// transport.
Halt Publisher::look_around() {
  const Clock::time_point now = Clock::now();
  const milliseconds every = check_.holds() ? count_held_every : count_every;
  if (!watch_ || !view_.redis_tells() || !is_ready() || (!check_.wants_count && now - counted_at_ < every)) {
    return Halt::none;
  }
  counted_at_ = now;
  check_.wants_count = false;
  if (const auto found = view_.find_again()) {
    return turn_to(*found);
  }
  count_again(false);
  return Halt::none;
}

/// Continues with the transport of servers that have started. Emits that were sent by another one reached none of them,
/// although Redis may have counted them: classic and streams servers subscribe to channels of the same name.
Halt Publisher::turn_to(const FoundTransport& found) {
  if (const Halt halt = wait(false); halt != Halt::none) {
    return halt;
  }
  sizes_.forget_transports();
  return view_.turn_to(found, [this] { decide(); });
}

/// Counts the servers, which decides how many of them the undecided emits reached. Without a reply, the next call does.
void Publisher::count_again(bool is_last) {
  const bool counted = is_ready() && watch_->count(view_.counts(), slice.count());
  if (counted || is_last || check_.is_full()) {
    decide();
  }
}

void Publisher::decide() {
  check_.decide([this](EmitId id, std::uint64_t line, bool is_fewer) { end_sent(id, line, is_fewer); });
}

// ---- the end --------------------------------------------------------------------------------------------------------------

Halt Publisher::finish(Halt halt, std::uint64_t last_read) {
  const Halt ended = halt == Halt::lost ? Halt::none : wait(true);
  if (check_.is_undecided()) {
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
    report_where_to_go_on(options_, console_, in_flight_, last_read);
  }
  if (fewer_.count != 0) {
    console_.error(units::counted(fewer_.count, "emit") + " (" + line_ranges::text(fewer_.lines) +
                   ") reached fewer servers than there were before.");
  }
  report_lost(not_sent_, "not sent");
  report_lost(unconfirmed_, "unconfirmed: Redis went away before it answered; they may have arrived, and are not sent again");
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

void Publisher::report_lost(const Lost& lost, const std::string& what) const {
  if (lost.count == 0) {
    return;
  }
  const std::string which =
      options_.input ? units::counted(lost.count, "emit") + " (" + line_ranges::text(lost.lines) + ")" : "the emit";
  const bool never_replied = tally_.sent() + tally_.refused == 0;  // then the peer may not be Redis, or may require TLS
  console_.error(which + (lost.count == 1 ? " is " : " are ") + what + "." +
                 ((console_.verbose() || never_replied) && !why_lost_.empty() ? " " + why_lost_ : ""));
}

}  // namespace socketio::cli
