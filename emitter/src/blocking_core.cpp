#include "blocking_core.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/milliseconds.hpp>

#include "emit_counters.hpp"
#include "forks.hpp"
#include "guarded.hpp"
#include "publish_router.hpp"
#include "server_pace.hpp"

namespace socketio::emitter {

namespace {

/// Limit for the turns of the loop in which pending emits end once the client is closed; normally two or three.
constexpr std::chrono::milliseconds last_turns = std::chrono::seconds(1);

}  // namespace

struct BlockingCore::State {
  State(const EmitterOptions& options, const redis::Options& redis, EmitListener& listener, const std::atomic<bool>& closing)
      : router(options, loop, listener, redis.queue_bytes_max),
        client(loop, redis),
        pace(loop, client, router, emits, redis.log, in_ms(options.slow_server_wait), closing) {
    client.on_state([this](redis::State now, std::string_view) {
      if (now == redis::State::disconnected && away_since_ms == 0) {
        away_since_ms = loop.now_ms();
      } else if (now == redis::State::ready) {
        away_since_ms = 0;
      }
    });
  }

  ~State() { router.stop(); }

  std::mutex lock;
  Loop loop;
  PublishRouter router;
  EmitCounters emits;
  std::vector<Ended> ended;  // before the client, whose end is the end of emits
  redis::Client client;
  ServerPace pace;
  std::size_t bytes_since_poll = 0;
  std::size_t emits_since_poll = 0;
  std::uint64_t away_since_ms = 0;
  bool closed = false;
};

/// Holds the lock for one call, and reports the emits that ended in it to `on_result` after releasing the lock.
class BlockingCore::Turn {
 public:
  explicit Turn(BlockingCore& core) : core_(core), guard_(lock(core)) { core.state_->loop.enter_thread(); }
  ~Turn() {
    if (!core_.state_->ended.empty()) {
      std::vector<Ended> ended;
      ended.swap(core_.state_->ended);
      guard_.unlock();
      for (Ended& one : ended) {
        one.result.message = one.message;
        core_.notify(one.result);
      }
    }
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  static std::unique_lock<std::mutex> lock(BlockingCore& core) {
    if (core.forks_ != fork_count()) [[unlikely]] {
      core.begin_in_child();
    }
    return std::unique_lock(core.state_->lock);
  }

  BlockingCore& core_;
  std::unique_lock<std::mutex> guard_;
};

BlockingCore::BlockingCore(redis::Options redis, EmitterOptions options)
    : options_(std::move(options)),
      redis_(std::move(redis)),
      forks_(fork_count()),
      state_(std::make_unique<State>(options_, redis_, static_cast<EmitListener&>(*this), closing_)) {}

BlockingCore::~BlockingCore() {
  if (forks_ != fork_count()) {  // never used in this process
    const std::lock_guard guard(fork_lock());
    leave_state_to_parent();
    return;
  }
  const EmitSummary summary = close(in_ms(options_.close_timeout));
  if (!summary.ok()) {
    log_error("Emits were lost: the emitter ended before Redis had taken them.", summary.message);
  }
}

/// Closes this process' copies of the descriptors, unless another thread held the lock when the process forked: that thread
/// does not exist in the child, and cannot finish.
void BlockingCore::leave_state_to_parent() {
  if (state_->lock.try_lock()) {
    state_->loop.leave_to_parent();
  }
  keep_for_parent(std::move(state_));
}

/// Creates new state in a forked child, without writing to Redis: the connection and its pending emits belong to the parent.
void BlockingCore::begin_in_child() {
  const std::lock_guard guard(fork_lock());
  if (forks_ == fork_count()) {
    return;  // another thread of this process was first
  }
  const bool was_closed = state_->closed;
  leave_state_to_parent();
  state_ = std::make_unique<State>(options_, redis_, static_cast<EmitListener&>(*this), closing_);
  state_->closed = was_closed;
  forks_ = fork_count();
}

void BlockingCore::log_error(std::string_view message, std::string_view detail) const {
  if (redis_.log) {
    redis_.log({redis::LogLevel::error, "emitter", message, detail});
  }
}

void BlockingCore::notify(const EmitResult& result) const {
  guarded(redis_.log, "on_result", [&] { options_.on_result(result); });
}

EmitId BlockingCore::publish(const Operation& operation) {
  const Turn turn(*this);
  if (state_->closed) {
    throw Error(ErrorCode::closed, "This emitter was closed. Make a new one to emit again.");
  }
  const std::size_t bytes = state_->router.encode(operation);
  if (operation.target.nobody) [[unlikely]] {
    return end_selected_nobody();
  }
  if (state_->client.state() == redis::State::idle) {
    state_->client.connect();
  }
  bool has_waited = wait_for_room(bytes);
  if (!state_->pace.is_easy(bytes, state_->router.entry_count())) [[unlikely]] {
    state_->pace.make_room(bytes);
    has_waited = true;
  }
  if (has_waited) [[unlikely]] {
    state_->router.encode(operation);  // the transport may have been found meanwhile
  }
  state_->pace.sent(bytes);
  const bool reaches_all = state_->router.reaches_all(operation, redis_.topology == redis::Topology::cluster);
  const Reach::Place place = reaches_all ? state_->emits.place_of(operation.target.nsp) : Reach::Place{0};
  const EmitId id = ++last_id_;
  state_->emits.begin();
  state_->router.publish(state_->client, Reach::tag(id, place), operation);
  state_->bytes_since_poll += bytes;
  ++state_->emits_since_poll;
  if (redis::worth_a_write(state_->bytes_since_poll, state_->emits_since_poll, redis_.flush_bytes)) {
    state_->bytes_since_poll = 0;
    state_->emits_since_poll = 0;
    state_->loop.poll();
  }
  return id;
}

/// Nothing is published: the emit has been checked, and ends here.
EmitId BlockingCore::end_selected_nobody() {
  const EmitId id = ++last_id_;
  state_->emits.begin();
  state_->emits.end_selected_nobody();
  if (options_.on_result) {
    state_->ended.push_back({{id, redis::Outcome::ok, 0, {}, true}, {}});
  }
  return id;
}

void BlockingCore::on_emit_ended(EmitId tag, redis::Outcome outcome, std::optional<std::int64_t> receivers,
                                 std::string_view message) {
  state_->emits.end(outcome, receivers, message, Reach::place_of_tag(tag));
  if (options_.on_result) {
    state_->ended.push_back({{Reach::id_of(tag), outcome, receivers, {}}, std::string(message)});
  }
}

/// Waits for space in the output queue. While Redis is connected but slower than the caller: until it has accepted enough
/// bytes. While Redis is disconnected: only when the queue is full, and until `full_queue_wait` after the disconnect.
/// Returns true if it has waited.
bool BlockingCore::wait_for_room(std::size_t bytes) {
  bool has_waited = false;
  if (!state_->router.has_room(bytes)) [[unlikely]] {  // until Redis has told the transport
    has_waited = true;
    state_->client.flush();
    state_->loop.run_until([&] { return state_->router.has_room(bytes); }, options_.full_queue_wait);
  }
  if (state_->client.queued_bytes() + bytes <= std::min(options_.write_ahead_bytes, redis_.queue_bytes_max)) [[likely]] {
    return has_waited;
  }
  const auto has_room = [this, bytes] {
    const std::size_t queued = state_->client.queued_bytes();
    const std::size_t limit =
        state_->client.state() == redis::State::ready ? options_.write_ahead_bytes / 2 : redis_.queue_bytes_max;
    return queued == 0 || (queued <= limit && bytes <= redis_.queue_bytes_max - std::min(queued, redis_.queue_bytes_max));
  };
  state_->loop.poll();
  while (!has_room() && !closing_) {
    if (state_->client.state() == redis::State::ready) {
      // Terminates: the client drops a connection whose replies time out.
      state_->loop.run_until([&] { return has_room() || closing_ || state_->client.state() != redis::State::ready; },
                             options_.full_queue_wait);
      continue;
    }
    if (state_->away_since_ms == 0) {
      state_->away_since_ms = state_->loop.now_ms();
    }
    const std::uint64_t waited_ms = state_->loop.now_ms() - state_->away_since_ms;
    if (waited_ms >= in_ms(options_.full_queue_wait)) {
      return true;  // the client refuses the emit, and counts it
    }
    state_->loop.run_until([&] { return has_room() || closing_ || state_->client.state() == redis::State::ready; },
                           std::chrono::milliseconds(in_ms(options_.full_queue_wait) - waited_ms));
  }
  return true;
}

std::string BlockingCore::connect(std::uint64_t timeout_ms) {
  const Turn turn(*this);
  if (state_->client.state() == redis::State::idle) {
    state_->client.connect();
  }
  const std::uint64_t failed_before = state_->client.counters().failed_attempts;
  const bool ended = state_->loop.run_until(
      [&] {
        return state_->client.state() == redis::State::ready || state_->client.counters().failed_attempts > failed_before;
      },
      std::chrono::milliseconds(timeout_ms));
  if (state_->client.state() == redis::State::ready) {
    return {};
  }
  return ended ? state_->client.last_error() : "Redis did not answer in time.";
}

EmitSummary BlockingCore::flush_locked(std::uint64_t timeout_ms) {
  if (state_->emits.waiting() != 0) {
    state_->client.flush();
    state_->loop.run_until([this] { return state_->emits.waiting() == 0; }, std::chrono::milliseconds(timeout_ms));
  }
  EmitSummary summary = state_->emits.take_period();
  if (summary.waiting != 0 && summary.message.empty()) {
    summary.message = state_->client.last_error().empty() ? "Redis did not answer in time." : state_->client.last_error();
  }
  return summary;
}

EmitSummary BlockingCore::flush(std::uint64_t timeout_ms) {
  const Turn turn(*this);
  return flush_locked(timeout_ms);
}

void BlockingCore::use_fleet(const EmitterOptions& fleet) {
  const Turn turn(*this);
  EmitterOptions next = options_;
  static_cast<Fleet&>(next) = fleet;
  next.also = fleet.also;
  state_->router.use(next);
  options_ = std::move(next);
  state_->pace.look_soon();
}

bool BlockingCore::with_client(const std::function<void(redis::Client&)>& ask, const std::function<bool()>& done,
                               std::uint64_t timeout_ms) {
  const Turn turn(*this);
  if (state_->closed) {
    throw Error(ErrorCode::closed, "This emitter was closed. Make a new one to emit again.");
  }
  if (state_->client.state() == redis::State::idle) {
    state_->client.connect();
  }
  ask(state_->client);
  state_->client.flush();
  return state_->loop.run_until(done, std::chrono::milliseconds(timeout_ms));
}

void BlockingCore::poll() {
  const Turn turn(*this);
  state_->client.flush();
  state_->loop.poll();
}

EmitSummary BlockingCore::close(std::uint64_t timeout_ms) {
  closing_ = true;  // an emit of another thread waits no longer
  const Turn turn(*this);
  if (state_->closed) {
    return state_->emits.take_period();
  }
  state_->closed = true;
  if (state_->emits.waiting() != 0) {
    state_->client.flush();
    state_->loop.run_until([this] { return state_->emits.waiting() == 0; }, std::chrono::milliseconds(timeout_ms));
  }
  state_->router.stop();
  bool client_closed = false;
  state_->client.close(std::chrono::milliseconds(0), [&client_closed] { client_closed = true; });
  while (!client_closed) {
    state_->loop.run_until([&client_closed] { return client_closed; }, std::chrono::milliseconds(timeout_ms + 1'000));
  }
  // Emits that waited for their transport end in the turns after that.
  state_->loop.run_until([this] { return state_->emits.waiting() == 0; }, last_turns);
  return state_->emits.take_period();
}

EmitSummary BlockingCore::totals() {
  const Turn turn(*this);
  return state_->emits.totals();
}

redis::Counters BlockingCore::redis_counters() {
  const Turn turn(*this);
  return state_->client.counters();
}

redis::State BlockingCore::state() {
  const Turn turn(*this);
  return state_->client.state();
}

}  // namespace socketio::emitter
