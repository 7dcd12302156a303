#include "engine_session.hpp"

#include <algorithm>
#include <utility>

#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/engineio_revision3.hpp>

#include "engine_shared.hpp"
#include "engine_upgrade.hpp"

namespace socketio::server {

using engineio_packet::Packet;
using engineio_packet::Type;

namespace {

FrameRef open_frame(const EngineOptions& options, std::string_view sid, bool upgradable) {
  Buffer text;
  engineio_packet::encode_open(
      text, {sid, upgradable, in_ms(options.ping_interval), in_ms(options.ping_timeout), options.max_http_buffer_size});
  return FrameRef::packet(text.text());
}

bool may_upgrade(const EngineOptions& options) {
  return options.allow_upgrades && std::find(options.transports.begin(), options.transports.end(),
                                             EngineTransport::websocket) != options.transports.end();
}

}  // namespace

Result<Packet> decode_websocket_message(Bytes data, bool binary, int revision, Buffer& scratch) {
  if (revision == 3) {
    return binary ? engineio_revision3::decode_binary_frame(data) : engineio_revision3::decode(as_text(data), scratch);
  }
  if (binary) {
    return Packet{Type::message, true, data};
  }
  return engineio_packet::decode(as_text(data), scratch);
}

EngineSession::EngineSession(EngineShared& shared, SessionId id, const EngineQuery& query, const HttpRequest& request)
    : shared_(shared),
      request_(request),
      id_(std::move(id)),
      revision_(static_cast<std::uint8_t>(query.revision)),
      base64_(query.revision == 3 && query.base64) {}

EngineSession::~EngineSession() = default;

// ---- the first transport ---------------------------------------------------------------------------------------------------

void EngineSession::open(HttpExchange& exchange, const EngineQuery& query) {
  const PollingTransport::Context context{shared_.options, shared_.answers, shared_.frames};
  PollingListener& listener = *this;
  polling_ = std::make_shared<PollingTransport>(context, listener, revision_, base64_);
  start_heartbeat();
  const FrameRef open = open_frame(shared_.options, id(), may_upgrade(shared_.options));
  polling_->open(exchange, query, open, id());
}

void EngineSession::open(std::unique_ptr<WebSocketConnection> websocket) {
  websocket_ = std::move(websocket);
  websocket_->set_base64(base64_);
  websocket_->set_listener(this);
  start_heartbeat();
  queue(open_frame(shared_.options, id(), false));
}

void EngineSession::start() {
  if (websocket_ != nullptr) {
    websocket_->start();
  }
}

// ---- sending ---------------------------------------------------------------------------------------------------------------

bool EngineSession::writable() const noexcept { return websocket_ ? websocket_->writable() : polling_->writable(); }

std::size_t EngineSession::queued_bytes() const noexcept {
  return websocket_ ? websocket_->queued_bytes() : polling_->queued_bytes();
}

bool EngineSession::send(const FrameRef& frame, bool is_volatile) {
  if (state_ != State::open || queue_full_) {
    return false;
  }
  if (is_volatile && (!writable() || queued_bytes() != 0)) {
    ++shared_.counters.volatile_dropped;
    return false;
  }
  if (!has_room_for(frame->cost_bytes())) {
    queue_full_ = true;
    flush_later();
    return false;
  }
  ++shared_.counters.messages_out;
  queue(frame);
  return true;
}

/// Checks the queue limit, which is for clients that do not read. Above it, the queue is flushed first; then the client is
/// watched, as it may only be slower than a burst.
bool EngineSession::has_room_for(std::size_t bytes) {
  constexpr std::size_t burst_factor = 4;
  const std::size_t limit = shared_.options.queue_bytes_max;
  if (queued_bytes() + bytes <= limit) [[likely]] {
    return true;
  }
  flush_transport();
  if (const std::size_t queued = queued_bytes(); queued != 0 && queued + bytes > limit) {
    if (queued / burst_factor > limit) {
      return false;
    }
    if (slow_ == nullptr) {
      slow_ = std::make_unique<Slow>(*this);
      slow_->mark = mark();
      shared_.progress_due.start(*slow_);
    }
  }
  return true;
}

void EngineSession::on_progress_due() {
  const std::size_t limit = shared_.options.queue_bytes_max;
  const std::size_t queued = queued_bytes();
  FrameQueue::Mark now = mark();
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

void EngineSession::queue(FrameRef frame) {
  websocket_ ? websocket_->queue(std::move(frame)) : polling_->queue(std::move(frame));
  if (writable()) {
    flush_later();
  }
}

void EngineSession::flush_later() {
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
  flush_transport();
}

// ---- receiving -------------------------------------------------------------------------------------------------------------

bool EngineSession::more_follows() const noexcept {
  return websocket_ ? websocket_->more_follows() : polling_ && polling_->more_follows();
}

void EngineSession::on_websocket_message(Bytes data, bool binary) {
  Buffer scratch;
  const auto packet = decode_websocket_message(data, binary, revision_, scratch);
  if (!packet.ok()) {
    ++shared_.counters.parse_errors;
    end(CloseReason::parse_error, Ending::at_once);
  } else {
    take(packet.value());  // `1` has no effect here: a WebSocket has its own close frame
  }
}

void EngineSession::on_websocket_ended(bool error) {
  end(error ? CloseReason::transport_error : CloseReason::transport_close, Ending::by_client);
}

void EngineSession::on_polling_packet(const Packet& packet) {
  if (packet.type == Type::close) {
    end(CloseReason::transport_close, Ending::by_client);
  } else {
    take(packet);
  }
}

void EngineSession::on_polling_writable() {
  if (queued_bytes() != 0) {
    flush_later();
  }
}

void EngineSession::on_too_large() {
  ++shared_.counters.messages_too_large;
  if (listener_ != nullptr) {
    listener_->on_too_large();
  }
}

void EngineSession::on_polling_failed(CloseReason reason) {
  if (state_ == State::lingering) {
    on_polling_finished();
    return;
  }
  if (reason == CloseReason::parse_error) {
    ++shared_.counters.parse_errors;
  }
  end(reason, Ending::at_once);
}

void EngineSession::take(const Packet& packet) {
  if (state_ != State::open) {
    return;
  }
  if (packet.type != Type::pong) {
    extend_pong_wait();
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
      if ((packet.type == Type::ping) != (revision_ == 3)) {  // only the other side sends this part of the heartbeat
        end(CloseReason::transport_error, Ending::at_once);
        return;
      }
      start_heartbeat();
      if (revision_ == 3) {
        queue(shared_.frames.pong);
      }
      return;
    case Type::open:
    case Type::close:
    case Type::upgrade:
    case Type::noop: return;  // ignored, as in the reference
  }
}

// ---- heartbeat -------------------------------------------------------------------------------------------------------------

void EngineSession::start_heartbeat() { (revision_ == 3 ? shared_.silence_due : shared_.ping_due).start(*this); }

/// Restarts the wait for the pong, once for each ping, when the client sends another packet: a client that is busy sending may
/// be late.
void EngineSession::extend_pong_wait() {
  if (!pong_wait_extended_ && shared_.pong_due.has(*this)) {
    pong_wait_extended_ = true;
    shared_.pong_due.start(*this);
  }
}

void EngineSession::on_ping_due() {
  pong_wait_extended_ = false;
  shared_.pong_due.start(*this);
  queue(shared_.frames.ping);
}

void EngineSession::on_pong_due() {
  ++shared_.counters.ping_timeouts;
  end(CloseReason::ping_timeout, Ending::at_once);
}

// ---- requests that name this session ---------------------------------------------------------------------------------------

void EngineSession::handle_polling(HttpExchange& exchange, const EngineQuery& query) {
  const auto polling = polling_;  // it may be discarded meanwhile
  polling->handle(exchange, query);
}

void EngineSession::begin_upgrade(std::unique_ptr<WebSocketConnection> candidate) {
  if (state_ != State::open || websocket_ != nullptr || upgrade_ != nullptr) {
    shared_.websockets.close(std::move(candidate));
    return;
  }
  candidate->set_base64(base64_);
  upgrade_ = std::make_unique<EngineUpgrade>(shared_, *this, std::move(candidate));
  upgrade_->start();
}

void EngineSession::abandon_upgrade() { const auto ended = std::move(upgrade_); }

void EngineSession::release_polling() {
  if (polling_ != nullptr) {
    polling_->release_client();
  }
}

/// Queued messages are sent before all later ones, and the client's posts were handled before this: messages keep their order
/// in both directions, and none is sent twice. The heartbeat continues unchanged.
void EngineSession::switch_to(std::unique_ptr<WebSocketConnection> websocket) {
  ++shared_.counters.upgrades;
  FrameQueue queued = std::exchange(polling_, nullptr)->hand_over();
  websocket_ = std::move(websocket);
  websocket_->set_listener(this);
  for (const FrameRef& frame : queued.frames()) {
    websocket_->queue(frame);
  }
  flush_later();
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
  end_transport(ending);
  if (state_ == State::ended) {
    shared_.bury(*this);
  }
  if (listener_ != nullptr) {
    std::exchange(listener_, nullptr)->on_closed(reason);
  }
}

void EngineSession::end_transport(Ending ending) {
  if (websocket_ != nullptr) {
    shared_.websockets.close(std::move(websocket_), ending != Ending::in_order);
  } else if (ending != Ending::in_order) {
    std::exchange(polling_, nullptr)->discard(ending == Ending::by_client ? shared_.frames.noop : shared_.frames.close);
  } else if (polling_->finish()) {
    polling_.reset();
  } else {
    state_ = State::lingering;
    shared_.last_get_due.start(*this);
  }
}

void EngineSession::on_polling_finished() {
  stop();
  polling_.reset();
  state_ = State::ended;
  shared_.bury(*this);
}

void EngineSession::on_last_get_due() { on_polling_finished(); }

void EngineSession::stop_lingering() {
  if (state_ == State::lingering) {
    on_polling_finished();
  }
}

}  // namespace socketio::server
