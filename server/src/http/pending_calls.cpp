#include "pending_calls.hpp"

#include <utility>
#include <vector>

#include <socketio/common/error.hpp>

#include "http_text.hpp"

namespace socketio::server {

void CallPost::deliver(std::uint64_t id, CallAnswer answer) {
  std::unique_lock guard(lock_);
  if (calls_ == nullptr) {
    return;
  }
  if (loop_.on_loop_thread()) {  // the thread on which they end, too
    PendingCalls& calls = *calls_;
    guard.unlock();
    calls.end(id, answer);
    return;
  }
  loop_.post([self = shared_from_this(), id, kept = std::make_shared<CallAnswer>(std::move(answer))] {
    std::unique_lock inner(self->lock_);
    PendingCalls* const calls = self->calls_;
    inner.unlock();
    if (calls != nullptr) {
      calls->end(id, *kept);
    }
  });
}

void CallPost::forget(std::uint64_t id) {
  if (calls_ != nullptr) {
    calls_->forget(id);
  }
}

void CallPost::close() noexcept {
  const std::lock_guard guard(lock_);
  calls_ = nullptr;
}

void CallTicket::answer(CallAnswer answer) {
  if (!answered_.exchange(true)) {
    post_->deliver(id_, std::move(answer));
  }
}

PendingCalls::PendingCalls(Loop& loop, std::size_t calls_max, std::uint64_t timeout_ms)
    : calls_max_(calls_max),
      post_(std::make_shared<CallPost>(loop, *this)),
      due_(loop, timeout_ms, [this](QueuedDeadline& deadline) {
        CallAnswer answer{CallAnswer::Kind::timed_out};
        end(static_cast<Pending&>(deadline).id, answer);
      }) {}

PendingCalls::~PendingCalls() {
  post_->close();
  for (const auto& [id, pending] : calls_) {
    if (const auto ticket = pending->ticket.lock()) {
      ticket->expire();
    }
  }
}

void PendingCalls::ask(const std::shared_ptr<HttpExchange>& exchange, const Call& call, Done done) {
  if (calls_.size() >= calls_max_) {
    CallAnswer answer{CallAnswer::Kind::too_many};
    done(answer);
    return;
  }
  const std::uint64_t id = ++last_id_;
  Pending& pending = *calls_.emplace(id, std::make_unique<Pending>()).first->second;
  pending.id = id;
  pending.done = std::move(done);
  exchange->on_abandoned([post = post_, id] { post->forget(id); });
  {
    const auto ticket = std::make_shared<CallTicket>(post_, id, exchange);
    pending.ticket = ticket;
    call(ticket);
  }
  pending.calling = false;
  if (pending.answered) {
    CallAnswer answer = std::move(pending.answer);
    end(id, answer);
  } else {
    due_.start(pending);
  }
}

void PendingCalls::end(std::uint64_t id, CallAnswer& answer) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) {
    return;
  }
  Pending& pending = *found->second;
  if (pending.calling) {
    if (!std::exchange(pending.answered, true)) {
      pending.answer = std::move(answer);
    }
    return;
  }
  const auto ended = std::move(calls_.extract(found).mapped());
  if (const auto ticket = ended->ticket.lock()) {
    ticket->expire();
  }
  ended->done(answer);
}

void PendingCalls::end_all() {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, pending] : calls_) {
    ids.push_back(id);
  }
  for (const std::uint64_t id : ids) {
    CallAnswer answer{CallAnswer::Kind::closed};
    end(id, answer);
  }
}

/// The client has disconnected. While the application is being called, its answer ends the call: responding does nothing then.
void PendingCalls::forget(std::uint64_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || found->second->calling) {
    return;
  }
  const auto ended = std::move(calls_.extract(found).mapped());
  if (const auto ticket = ended->ticket.lock()) {
    ticket->expire();
  }
}

void require_status(int status, int from) {
  if (status < from || status > 599) {
    throw Error(ErrorCode::bad_arguments,
                "A status between " + std::to_string(from) + " and 599 is needed here, not " + std::to_string(status) + ".");
  }
}

void require_headers(Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!is_header_name(name) || !is_header_value(value)) {
      throw Error(ErrorCode::bad_arguments, "A header has a name or a value that HTTP forbids: \"" + name + "\".");
    }
  }
  std::erase_if(headers, [](const auto& header) { return is_connection_header(header.first); });
}

}  // namespace socketio::server
