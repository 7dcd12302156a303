#include "engine_transports.hpp"

#include <algorithm>

#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/engineio_revision3.hpp>

#include "engine_shared.hpp"

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

SessionTransports::SessionTransports(EngineShared& shared, TransportListener& listener, const EngineQuery& query)
    : shared_(shared),
      listener_(listener),
      revision_(static_cast<std::uint8_t>(query.revision)),
      base64_(query.revision == 3 && query.base64) {}

void SessionTransports::open(HttpExchange& exchange, const EngineQuery& query, std::string_view sid) {
  const PollingTransport::Context context{shared_.options, shared_.answers, shared_.frames};
  PollingListener& listener = *this;
  polling_ = std::make_shared<PollingTransport>(context, listener, revision_, base64_);
  const FrameRef open = open_frame(shared_.options, sid, may_upgrade(shared_.options));
  polling_->open(exchange, query, open, sid);
}

void SessionTransports::open(std::unique_ptr<WebSocketConnection> websocket, std::string_view sid) {
  websocket_ = std::move(websocket);
  websocket_->set_base64(base64_);
  websocket_->set_listener(this);
  queue(open_frame(shared_.options, sid, false));
}

void SessionTransports::start() {
  if (websocket_ != nullptr) {
    websocket_->start();
  }
}

void SessionTransports::handle(HttpExchange& exchange, const EngineQuery& query) {
  const auto polling = polling_;  // it may be discarded meanwhile
  polling->handle(exchange, query);
}

void SessionTransports::release_client() {
  if (polling_ != nullptr) {
    polling_->release_client();
  }
}

/// Queued messages are sent before all later ones, and the client's posts were handled before this: messages keep their order
/// in both directions, and none is sent twice.
void SessionTransports::switch_to(std::unique_ptr<WebSocketConnection> websocket) {
  FrameQueue queued = std::exchange(polling_, nullptr)->hand_over();
  websocket_ = std::move(websocket);
  websocket_->set_base64(base64_);
  websocket_->set_listener(this);
  for (const FrameRef& frame : queued.frames()) {
    websocket_->queue(frame);
  }
  listener_.on_writable();
}

void SessionTransports::queue(FrameRef frame) {
  websocket_ ? websocket_->queue(std::move(frame)) : polling_->queue(std::move(frame));
  if (writable()) {
    listener_.on_writable();
  }
}

bool SessionTransports::end(Ending ending) {
  if (websocket_ != nullptr) {
    shared_.websockets.close(std::move(websocket_), ending != Ending::in_order);
  } else if (ending != Ending::in_order) {
    std::exchange(polling_, nullptr)->discard(ending == Ending::by_client ? shared_.frames.noop : shared_.frames.close);
  } else if (polling_->finish()) {
    polling_.reset();
  } else {
    return false;
  }
  return true;
}

// ---- events of the transports ----------------------------------------------------------------------------------------------

void SessionTransports::on_websocket_message(Bytes data, bool binary) {
  Buffer scratch;
  const auto packet = decode_websocket_message(data, binary, revision_, scratch);
  if (!packet.ok()) {
    listener_.on_transport_ended(CloseReason::parse_error, false);
  } else {
    listener_.on_packet(packet.value());  // `1` has no effect here: a WebSocket has its own close frame
  }
}

void SessionTransports::on_websocket_ended(bool error) {
  listener_.on_transport_ended(error ? CloseReason::transport_error : CloseReason::transport_close, true);
}

void SessionTransports::on_polling_packet(const Packet& packet) {
  if (packet.type == Type::close) {
    listener_.on_transport_ended(CloseReason::transport_close, true);
  } else {
    listener_.on_packet(packet);
  }
}

void SessionTransports::on_polling_writable() {
  if (queued_bytes() != 0) {
    listener_.on_writable();
  }
}

}  // namespace socketio::server
