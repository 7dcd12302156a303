#include "engine_session.hpp"

#include <utility>

#include "engine_shared.hpp"
#include "engine_upgrade.hpp"

namespace socketio::server {

using engineio_packet::Packet;
using engineio_packet::Type;

EngineSession::EngineSession(EngineShared& shared, SessionId id, const EngineQuery& query, const HttpRequest& request)
    : transports(shared, *this, query), shared_(shared), request_(request), id_(std::move(id)) {
  start_heartbeat();
}

EngineSession::~EngineSession() = default;

// ---- sending ---------------------------------------------------------------------------------------------------------------

bool EngineSession::send(const FrameRef& frame, bool is_volatile) {
  if (state_ != State::open || queue_full_) {
    return false;
  }
  if (is_volatile && (!transports.writable() || transports.queued_bytes() != 0)) {
    ++shared_.counters.volatile_dropped;
    return false;
  }
  if (!has_room_for(frame->cost_bytes())) {
    queue_full_ = true;
    on_writable();
    return false;
  }
  ++shared_.counters.messages_out;
  transports.queue(frame);
  return true;
}

/// Checks the queue limit, which is for clients that do not read. Above it, the queue is flushed first; then the client is
/// watched, as it may only be slower than a burst.
bool EngineSession::has_room_for(std::size_t bytes) {
  constexpr std::size_t burst_factor = 4;
  const std::size_t limit = shared_.options.queue_bytes_max;
  if (transports.queued_bytes() + bytes <= limit) [[likely]] {
    return true;
  }
  transports.flush();
  if (const std::size_t queued = transports.queued_bytes(); queued != 0 && queued + bytes > limit) {
    if (queued / burst_factor > limit) {
      return false;
    }
    if (slow_ == nullptr) {
      slow_ = std::make_unique<Slow>(*this);
      slow_->mark = transports.mark();
      shared_.progress_due.start(*slow_);
    }
  }
  return true;
}

void EngineSession::on_progress_due() {
  const std::size_t limit = shared_.options.queue_bytes_max;
  const std::size_t queued = transports.queued_bytes();
  FrameQueue::Mark now = transports.mark();
  if (queued > limit && now == slow_->mark) {
    ++shared_.counters.queue_full;
    end(CloseReason::queue_full, Ending::at_once);
  } else if (queued > limit / 8) {
    slow_->mark = std::move(now);
    shared_.progress_due.start(*slow_);
  } else {
    slow_.reset();
    shared_.give_memory_back();
  }
}

/// Requests a flush at the end of the turn.
void EngineSession::on_writable() {
  if (!flush_requested_) {
    flush_requested_ = true;
    shared_.flush_later(*this);
  }
}

void EngineSession::flush() {
  flush_requested_ = false;
  if (state_ != State::open) {
    return;
  }
  if (queue_full_) {
    ++shared_.counters.queue_full;
    end(CloseReason::queue_full, Ending::at_once);
    return;
  }
  transports.flush();
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

void EngineSession::on_too_large() {
  ++shared_.counters.messages_too_large;
  if (listener_ != nullptr) {
    listener_->on_too_large();
  }
}

void EngineSession::on_transport_ended(CloseReason reason, bool by_client) {
  if (state_ == State::lingering) {
    on_finished();
    return;
  }
  shared_.counters.parse_errors += reason == CloseReason::parse_error ? 1 : 0;
  end(reason, by_client ? Ending::by_client : Ending::at_once);
}

void EngineSession::on_packet(const Packet& packet) {
  if (state_ != State::open) {
    return;
  }
  // A client that is busy sending may be late with its pong: another packet extends the wait, once for each ping.
  if (packet.type != Type::pong && !pong_wait_extended_ && shared_.pong_due.has(*this)) {
    pong_wait_extended_ = true;
    shared_.pong_due.start(*this);
  }
  switch (packet.type) {
    case Type::message:
      ++shared_.counters.messages_in;
      if (listener_ != nullptr) {
        listener_->on_message(packet.data, packet.binary);
      }
      return;
    case Type::ping:
    case Type::pong:
      if ((packet.type == Type::ping) != (revision() == 3)) {  // only the other side sends this part of the heartbeat
        end(CloseReason::transport_error, Ending::at_once);
        return;
      }
      start_heartbeat();
      if (revision() == 3) {
        transports.queue(shared_.frames.pong);
      }
      return;
    case Type::open:
    case Type::close:
    case Type::upgrade:
    case Type::noop: return;  // ignored, as in the reference
  }
}

// ---- heartbeat -------------------------------------------------------------------------------------------------------------

void EngineSession::start_heartbeat() { (revision() == 3 ? shared_.silence_due : shared_.ping_due).start(*this); }

void EngineSession::on_ping_due() {
  pong_wait_extended_ = false;
  shared_.pong_due.start(*this);
  transports.queue(shared_.frames.ping);
}

void EngineSession::on_pong_due() {
  ++shared_.counters.ping_timeouts;
  end(CloseReason::ping_timeout, Ending::at_once);
}

// ---- the upgrade -----------------------------------------------------------------------------------------------------------

void EngineSession::begin_upgrade(std::unique_ptr<WebSocketConnection> candidate) {
  if (state_ != State::open || transports.is_websocket() || upgrade_ != nullptr) {
    shared_.websockets.close(std::move(candidate));
    return;
  }
  upgrade_ = std::make_unique<EngineUpgrade>(shared_, *this, std::move(candidate));
  upgrade_->start();
}

void EngineSession::abandon_upgrade() { const auto ended = std::move(upgrade_); }

/// The heartbeat continues unchanged.
void EngineSession::switch_to(std::unique_ptr<WebSocketConnection> websocket) {
  ++shared_.counters.upgrades;
  transports.switch_to(std::move(websocket));
  abandon_upgrade();
}

// ---- the end ---------------------------------------------------------------------------------------------------------------

void EngineSession::end(CloseReason reason, Ending ending) {
  if (state_ != State::open) {
    return;
  }
  state_ = State::ended;
  --shared_.open_count;
  stop();
  if (std::exchange(slow_, nullptr) != nullptr) {
    shared_.give_memory_back();
  }
  abandon_upgrade();
  if (transports.end(ending)) {
    shared_.bury(*this);
  } else {
    state_ = State::lingering;
    shared_.last_get_due.start(*this);
  }
  if (listener_ != nullptr) {
    std::exchange(listener_, nullptr)->on_closed(reason);
  }
}

void EngineSession::on_finished() {
  if (state_ == State::lingering) {
    stop();
    transports.discard();
    state_ = State::ended;
    shared_.bury(*this);
  }
}

}  // namespace socketio::server
