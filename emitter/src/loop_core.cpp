#include "loop_core.hpp"

#include <utility>

#include <socketio/common/error.hpp>

#include "guarded.hpp"

namespace socketio::emitter {

LoopCore::LoopCore(Loop& loop, redis::Options redis, EmitterOptions options)
    : options_(std::move(options)),
      log_(redis.log),
      loop_(loop),
      is_cluster_(redis.topology == redis::Topology::cluster),
      router_(options_, loop_, *this, redis.queue_bytes_max),
      client_(std::in_place, loop, std::move(redis)) {
  if (!options_.on_result) {
    throw Error(ErrorCode::bad_option,
                "AsyncEmitter needs a callback for results: without one, a failed emit would be silent.");
  }
  client_->connect();
}

LoopCore::~LoopCore() {
  closed_ = true;
  loop_.cancel(std::exchange(held_timer_, 0));
  end_selected_nobody();
  router_.stop();
  client_.reset();  // ends pending emits, through on_emit_ended()
  while (!flushes_.empty()) {
    finish_flush(flushes_.begin());
  }
  finish_close();
}

EmitId LoopCore::publish(const Operation& operation) {
  if (closed_) {
    throw Error(ErrorCode::closed, "This emitter was closed. Make a new one to emit again.");
  }
  router_.encode(operation);
  const EmitId id = ++last_id_;
  emits_.begin();
  if (operation.target.nobody) [[unlikely]] {
    end_selected_nobody_later(id);
  } else {
    const Reach::Place place =
        router_.reaches_all(operation, is_cluster_) ? emits_.place_of(operation.target.nsp) : Reach::Place{0};
    router_.publish(*client_, Reach::tag(id, place), operation);
  }
  return id;
}

/// Nothing is published: the emit ends in the loop's next turn, because no emit ends before its call has returned.
void LoopCore::end_selected_nobody_later(EmitId id) {
  selected_nobody_.push_back(id);
  if (selected_nobody_.size() == 1) {
    loop_.call_after(std::chrono::milliseconds(0), [self = weak_from_this()] {
      if (const auto alive = self.lock()) {
        alive->end_selected_nobody();
      }
    });
  }
}

void LoopCore::end_selected_nobody() {
  for (const EmitId id : std::exchange(selected_nobody_, {})) {
    emits_.end_selected_nobody();
    notify({id, redis::Outcome::ok, 0, {}, true});
  }
}

void LoopCore::on_emit_ended(EmitId tag, redis::Outcome outcome, std::optional<std::int64_t> receivers,
                             std::string_view message) {
  emits_.end(outcome, receivers, message, Reach::place_of_tag(tag));
  notify({Reach::id_of(tag), outcome, receivers, message});
}

/// Calls `on_result`, and completes the flushes for which this emit was the last one pending.
void LoopCore::notify(const EmitResult& result) {
  const std::shared_ptr<LoopCore> alive = weak_from_this().lock();  // null while the emitter is being destroyed
  for (auto flush = flushes_.begin(); flush != flushes_.end();) {
    const auto current = flush++;
    if (result.id <= current->last_id) {
      --current->waiting;
    }
  }
  guarded(log_, "on_result", [&] { options_.on_result(result); });
  while (!flushes_.empty() && flushes_.front().waiting == 0) {
    finish_flush(flushes_.begin());
  }
}

EmitSummary LoopCore::take_summary() {
  EmitSummary summary = emits_.take_period();
  if (client_ && summary.waiting != 0 && summary.message.empty()) {
    summary.message = client_->last_error().empty() ? "Redis did not answer in time." : client_->last_error();
  }
  return summary;
}

void LoopCore::finish_flush(std::list<PendingFlush>::iterator flush) {
  loop_.cancel(flush->deadline);
  const FlushDone done = std::move(flush->done);
  flushes_.erase(flush);
  const EmitSummary summary = take_summary();
  if (done) {
    guarded(log_, "The callback of flush()", [&] { done(summary); });
  }
}

void LoopCore::flush(std::uint64_t timeout_ms, FlushDone done) {
  client_->flush();
  flushes_.push_back({last_id_, emits_.waiting(), std::move(done), 0});
  const auto flush = std::prev(flushes_.end());
  // Even with nothing to wait for, `done` is called later: never before this function has returned.
  flush->deadline =
      loop_.call_after(std::chrono::milliseconds(flush->waiting == 0 ? 0 : timeout_ms), [self = weak_from_this(), flush] {
        if (const auto alive = self.lock()) {
          alive->finish_flush(flush);
        }
      });
}

void LoopCore::close(std::uint64_t timeout_ms, FlushDone done) {
  closed_ = true;
  if (done) {
    close_dones_.push_back(std::move(done));
  }
  close_due_ms_ = loop_.now_ms() + timeout_ms;
  loop_.cancel(std::exchange(held_timer_, 0));
  if (!router_.is_holding()) {
    close_client(timeout_ms);
    return;
  }
  client_->flush();
  held_timer_ = loop_.call_after(std::chrono::milliseconds(timeout_ms), [self = weak_from_this()] {
    if (const auto alive = self.lock()) {
      alive->held_timer_ = 0;
      alive->close_client(0);
    }
  });
}

void LoopCore::on_nothing_held() {
  if (held_timer_ != 0) {
    loop_.cancel(std::exchange(held_timer_, 0));
    const std::uint64_t now_ms = loop_.now_ms();
    close_client(close_due_ms_ > now_ms ? close_due_ms_ - now_ms : 0);
  } else if (client_closed_) {
    finish_close();
  }
}

void LoopCore::close_client(std::uint64_t timeout_ms) {
  if (timeout_ms == 0) {
    router_.stop();
  }
  client_->close(std::chrono::milliseconds(timeout_ms), [self = weak_from_this()] {
    if (const auto alive = self.lock()) {
      alive->client_closed_ = true;
      if (!alive->router_.is_holding()) {
        alive->finish_close();
      }
    }
  });
}

void LoopCore::finish_close() {
  const std::shared_ptr<LoopCore> alive = weak_from_this().lock();  // null while the emitter is being destroyed
  end_selected_nobody();
  const std::vector<FlushDone> dones = std::exchange(close_dones_, {});
  if (!dones.empty()) {
    const EmitSummary summary = emits_.take_period();
    for (const FlushDone& done : dones) {
      guarded(log_, "The callback of close()", [&] { done(summary); });
    }
  }
}

}  // namespace socketio::emitter
