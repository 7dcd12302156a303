#include "server_pace.hpp"

#include <algorithm>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/milliseconds.hpp>

namespace socketio::emitter {
namespace {

/// Bytes that any server can be sent before the first look: small next to every usual limit. Short-lived emitters never look.
constexpr std::uint64_t unseen_bytes = std::uint64_t{1} << 20;
/// Bytes before the next attempt to look, while Redis is away.
constexpr std::uint64_t away_bytes = std::uint64_t{64} << 10;

}  // namespace

ServerPace::ServerPace(Loop& loop, redis::Client& client, const PublishRouter& router, EmitCounters& emits, const Log& log,
                       std::uint32_t wait_ms, const std::atomic<bool>& closing)
    : loop_(loop),
      client_(client),
      router_(router),
      emits_(emits),
      log_(log),
      wait_(wait_ms),
      closing_(closing),
      throttle_(static_cast<Throttle::Host&>(*this), wait_),
      easy_bytes_(wait_ms == 0 ? UINT64_MAX : unseen_bytes),
      granted_bytes_(easy_bytes_),
      entries_due_(wait_ms == 0 ? UINT64_MAX : throttle_.easy_entries()) {}

void ServerPace::look_soon() noexcept {
  if (wait_.count() != 0) {
    entries_due_ = 0;
  }
}

void ServerPace::make_room(std::size_t bytes) {
  const std::uint64_t kept = bytes < small_message_bytes ? bytes + overhead_bytes : kept_bytes(bytes, 0);
  const bool has_subscribers = fleet().has_subscribers;
  const bool has_stream = fleet().stream_length_max != 0;
  if (client_.counters().connects + client_.counters().failed_attempts == 0) {  // the first connection is being made
    run([this] { return client_.counters().connects + client_.counters().failed_attempts != 0; }, wait_);
  }
  if (client_.state() == redis::State::ready && learn_limits()) {
    refuse_too_large(bytes, kept);
    account();
    while (throttle_.make_room(has_subscribers ? kept : 0, has_stream ? kept : 0) == Throttle::Result::stalled) {
      give_up();
    }
    const std::uint64_t easy = std::min(has_subscribers ? throttle_.easy_bytes() : unseen_bytes,
                                        has_stream ? throttle_.easy_entry_bytes() : UINT64_MAX);
    easy_bytes_ = std::max(easy, most_kept(bytes));
  } else {  // this emit waits in the client's queue, which has a limit of its own
    account();
    easy_bytes_ = std::max(away_bytes, most_kept(bytes));
  }
  granted_bytes_ = easy_bytes_;
  const std::uint64_t easy_entries = std::max<std::uint64_t>(throttle_.easy_entries(), 1);
  entries_due_ = easy_entries > UINT64_MAX - entries_seen_ ? UINT64_MAX : entries_seen_ + easy_entries;
}

void ServerPace::refuse_too_large(std::size_t bytes, std::uint64_t kept) const {
  for (const auto& [concerns, limit] :
       {std::pair{fleet().has_subscribers, limits_->subscribers}, {fleet().stream_length_max != 0, limits_->stream_readers}}) {
    if (concerns && limit.refuses(kept)) {
      throw Error(ErrorCode::too_large, "The message has " + std::to_string(bytes) +
                                            " bytes. Redis disconnects every server for which it has to buffer " +
                                            std::to_string(limit.hard_bytes) +
                                            " (client-output-buffer-limit), so no server would receive it.");
    }
  }
}

/// Tells the throttle what was sent since the last look.
void ServerPace::account() {
  const std::uint64_t entries = router_.entry_count();
  const std::uint64_t bytes = granted_bytes_ - easy_bytes_;
  throttle_.sent(bytes, entries - entries_seen_, entries == entries_seen_ ? 0 : bytes);
  entries_seen_ = entries;
  granted_bytes_ = easy_bytes_;
}

/// Asks once for the limits of Redis' output buffers. False when the reply did not come in time.
bool ServerPace::learn_limits() {
  if (limits_) {
    return true;
  }
  const auto limits = std::make_shared<std::optional<OutputLimits>>();
  ask_output_limits(client_, [limits](const OutputLimits& found) { *limits = found; });
  if (!run([&limits] { return limits->has_value(); }, wait_) || client_.state() != redis::State::ready) {
    return false;  // not in time, or the connection was lost: these are not its limits
  }
  limits_ = **limits;
  throttle_.begin(limits_->subscribers, limits_->stream_readers);
  return true;
}

void ServerPace::give_up() {
  const std::size_t count = throttle_.give_up();
  emits_.count_stalled(count);
  note(throttle_.stalled().is_stream ? "Readers of the stream took nothing from Redis for " + std::to_string(wait_.count()) +
                                           " ms and were not waited for any longer."
                                     : "Servers took nothing from Redis for " + std::to_string(wait_.count()) +
                                           " ms and were not waited for any longer.");
}

void ServerPace::note(std::string sentence) {
  if (log_) {
    log_({LogLevel::warning, "emitter", sentence, {}});
  }
  emits_.note(std::move(sentence));
}

bool ServerPace::run(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
  client_.flush();
  return loop_.run_until([&] { return done() || closing_; }, timeout) && done();
}

Throttle::Fleet ServerPace::fleet() const { return {router_.has_subscribers(), router_.stream_length_max()}; }

/// A question that was not answered in time stays asked, so that questions do not pile up behind emits.
bool ServerPace::read(Readers& readers, std::chrono::milliseconds timeout) {
  if (!may_read_) {
    return false;
  }
  if (!asked_) {
    asked_ = ask_readers(client_);
  }
  if (!run([this] { return asked_->outcome.has_value(); }, timeout)) {
    return false;
  }
  const auto answer = std::exchange(asked_, nullptr);
  may_read_ = *answer->outcome != redis::Outcome::refused;
  readers = answer->readers;
  return *answer->outcome == redis::Outcome::ok;
}

bool ServerPace::is_connected() { return client_.state() == redis::State::ready; }

bool ServerPace::settle() {
  run([this] { return emits_.waiting() == 0 || !is_connected(); }, wait_);
  return !closing_;
}

bool ServerPace::pause(std::chrono::milliseconds time) {
  run([] { return false; }, time);
  return !closing_;
}

void ServerPace::on_blind() {
  if (!emits_.has_note()) {
    note("Redis refuses CLIENT LIST to this user, so slow servers cannot be seen and are not waited for.");
  }
}

}  // namespace socketio::emitter
