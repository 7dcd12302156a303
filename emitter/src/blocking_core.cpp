#include "blocking_core.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include <socketio/common/error.hpp>

namespace socketio::emitter {

/// Holds the lock for one call, and tells `on_result` what ended in it once the lock is left.
class BlockingCore::Turn {
 public:
  explicit Turn(BlockingCore& core) : core_(core), guard_(core.lock_) { core.loop_.enter_thread(); }
  ~Turn() {
    if (!core_.ended_.empty()) {
      std::vector<Ended> ended;
      ended.swap(core_.ended_);
      guard_.unlock();
      for (Ended& one : ended) {
        one.result.message = one.message;
        core_.tell(one.result);
      }
    }
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  BlockingCore& core_;
  std::unique_lock<std::mutex> guard_;
};

BlockingCore::BlockingCore(redis::Options redis, EmitterOptions options)
    : options_(std::move(options)),
      log_(redis.log),
      queue_bytes_max_(redis.queue_bytes_max),
      flush_bytes_(redis.flush_bytes),
      courier_(options_, loop_, *this),
      client_(loop_, std::move(redis)) {
  client_.on_state([this](redis::State state, std::string_view) {
    if (state == redis::State::disconnected && away_since_ms_ == 0) {
      away_since_ms_ = loop_.now_ms();
    } else if (state == redis::State::ready) {
      away_since_ms_ = 0;
    }
  });
}

BlockingCore::~BlockingCore() {
  const EmitSummary summary = close(options_.close_timeout_ms);
  if (!summary.ok()) {
    log_error("Emits were lost: the emitter ended before Redis had taken them.", summary.message);
  }
}

void BlockingCore::log_error(std::string_view message, std::string_view detail) const {
  if (log_) {
    log_({redis::LogLevel::error, "emitter", message, detail});
  }
}

void BlockingCore::tell(const EmitResult& result) const {
  try {
    options_.on_result(result);
  } catch (const std::exception& error) {
    log_error("on_result threw an exception.", error.what());
  } catch (...) {
    log_error("on_result threw an exception.", {});
  }
}

EmitId BlockingCore::send(const Operation& operation) {
  const Turn turn(*this);
  if (closed_) {
    throw Error(ErrorCode::closed, "This emitter was closed. Make a new one to emit again.");
  }
  const std::size_t bytes = courier_.encode(operation);
  if (operation.selects_nobody()) [[unlikely]] {
    return end_selected_nobody();
  }
  if (client_.state() == redis::State::idle) {
    client_.connect();
  }
  wait_for_room(bytes);
  const EmitId id = ++last_id_;
  ledger_.begin();
  courier_.publish(client_, id, operation);
  bytes_since_poll_ += bytes;
  ++emits_since_poll_;
  if (redis::worth_a_write(bytes_since_poll_, emits_since_poll_, flush_bytes_)) {
    bytes_since_poll_ = 0;
    emits_since_poll_ = 0;
    loop_.poll();
  }
  return id;
}

/// Nothing is published: the emit has been checked, and ends here.
EmitId BlockingCore::end_selected_nobody() {
  const EmitId id = ++last_id_;
  ledger_.begin();
  ledger_.end_selected_nobody();
  if (options_.on_result) {
    ended_.push_back({{id, redis::Outcome::ok, 0, {}, true}, {}});
  }
  return id;
}

EmitId BlockingCore::send_event(const Target& target, Bytes data) { return send({Operation::Kind::event, &target, {}, {}, data}); }
EmitId BlockingCore::send_join(const Target& target, std::span<const Room> rooms) {
  return send({Operation::Kind::join, &target, {}, rooms});
}
EmitId BlockingCore::send_leave(const Target& target, std::span<const Room> rooms) {
  return send({Operation::Kind::leave, &target, {}, rooms});
}
EmitId BlockingCore::send_disconnect(const Target& target, bool close) {
  return send({Operation::Kind::disconnect, &target, {}, {}, {}, close});
}
EmitId BlockingCore::send_server_side(std::string_view nsp, Bytes data) {
  return send({Operation::Kind::server_side, nullptr, nsp, {}, data});
}

void BlockingCore::on_emit_ended(EmitId id, redis::Outcome outcome, std::optional<std::int64_t> receivers,
                                 std::string_view message) {
  ledger_.end(outcome, receivers, message);
  if (options_.on_result) {
    ended_.push_back({{id, outcome, receivers, {}}, std::string(message)});
  }
}

/// Redis is slower than the caller: wait until it has taken some. Redis is away: wait only when the queue is full, and not for
/// ever.
void BlockingCore::wait_for_room(std::size_t bytes) {
  if (client_.queued_bytes() + bytes <= std::min(options_.write_ahead_bytes, queue_bytes_max_)) [[likely]] {
    return;
  }
  const auto has_room = [this, bytes] {
    const std::size_t queued = client_.queued_bytes();
    const std::size_t limit = client_.state() == redis::State::ready ? options_.write_ahead_bytes / 2 : queue_bytes_max_;
    return queued == 0 || (queued <= limit && bytes <= queue_bytes_max_ - std::min(queued, queue_bytes_max_));
  };
  loop_.poll();
  while (!has_room()) {
    if (client_.state() == redis::State::ready) {
      // The client drops a connection whose answers are overdue, so this ends.
      loop_.run_until([&] { return has_room() || client_.state() != redis::State::ready; }, options_.full_queue_wait_ms);
      continue;
    }
    if (away_since_ms_ == 0) {
      away_since_ms_ = loop_.now_ms();
    }
    const std::uint64_t waited_ms = loop_.now_ms() - away_since_ms_;
    if (waited_ms >= options_.full_queue_wait_ms) {
      return;  // the client refuses it, and counts that
    }
    loop_.run_until([&] { return has_room() || client_.state() == redis::State::ready; },
                    options_.full_queue_wait_ms - waited_ms);
  }
}

std::string BlockingCore::connect(std::uint64_t timeout_ms) {
  const Turn turn(*this);
  if (client_.state() == redis::State::idle) {
    client_.connect();
  }
  const std::uint64_t failed_before = client_.counters().failed_attempts;
  const bool ended = loop_.run_until(
      [&] { return client_.state() == redis::State::ready || client_.counters().failed_attempts > failed_before; }, timeout_ms);
  if (client_.state() == redis::State::ready) {
    return {};
  }
  return ended ? client_.last_error() : "Redis did not answer in time.";
}

EmitSummary BlockingCore::flush_locked(std::uint64_t timeout_ms) {
  if (ledger_.waiting() != 0) {
    client_.flush();
    loop_.run_until([this] { return ledger_.waiting() == 0; }, timeout_ms);
  }
  EmitSummary summary = ledger_.take_period();
  if (summary.waiting != 0 && summary.message.empty()) {
    summary.message = client_.last_error().empty() ? "Redis did not answer in time." : client_.last_error();
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
  next.transport = fleet.transport;
  next.also = fleet.also;
  next.key = fleet.key;
  next.sharded_mode = fleet.sharded_mode;
  next.stream_name = fleet.stream_name;
  next.stream_count = fleet.stream_count;
  next.stream_length_max = fleet.stream_length_max;
  next.use_sharded_pubsub = fleet.use_sharded_pubsub;
  next.beside_classic = fleet.beside_classic;
  courier_.use(next);
  options_ = std::move(next);
}

bool BlockingCore::with_client(const std::function<void(redis::Client&)>& ask, const std::function<bool()>& done,
                               std::uint64_t timeout_ms) {
  const Turn turn(*this);
  if (closed_) {
    throw Error(ErrorCode::closed, "This emitter was closed. Make a new one to emit again.");
  }
  if (client_.state() == redis::State::idle) {
    client_.connect();
  }
  ask(client_);
  client_.flush();
  return loop_.run_until(done, timeout_ms);
}

void BlockingCore::poll() {
  const Turn turn(*this);
  client_.flush();
  loop_.poll();
}

EmitSummary BlockingCore::close(std::uint64_t timeout_ms) {
  const Turn turn(*this);
  if (closed_) {
    return ledger_.take_period();
  }
  closed_ = true;
  if (ledger_.waiting() != 0) {
    client_.flush();
    loop_.run_until([this] { return ledger_.waiting() == 0; }, timeout_ms);
  }
  bool client_closed = false;
  client_.close(0, [&client_closed] { client_closed = true; });
  while (!client_closed) {
    loop_.run_until([&client_closed] { return client_closed; }, timeout_ms + 1'000);
  }
  return ledger_.take_period();
}

EmitSummary BlockingCore::totals() const {
  const std::lock_guard guard(lock_);
  return ledger_.totals();
}

redis::Counters BlockingCore::redis_counters() const {
  const std::lock_guard guard(lock_);
  return client_.counters();
}

redis::State BlockingCore::state() const {
  const std::lock_guard guard(lock_);
  return client_.state();
}

}  // namespace socketio::emitter
