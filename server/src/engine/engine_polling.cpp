#include "engine_polling.hpp"

#include <utility>
#include <vector>

#include <socketio/protocol/engineio_revision3.hpp>

#include "engine_jsonp.hpp"

namespace socketio::server {

using engineio_packet::Packet;

void PollingTransport::open(HttpExchange& exchange, const EngineQuery& query, const FrameRef& open, std::string_view id) {
  queue_.push(open);
  answer(exchange, query.jsonp, id);
}

void PollingTransport::handle(HttpExchange& exchange, const EngineQuery& query) {
  const std::string& method = exchange.request().method;
  if (method == "GET") {
    handle_get(exchange, query);
  } else if (method == "POST") {
    handle_post(exchange, query);
  } else {
    context_.answers.empty(exchange, 500);
  }
}

// ---- GET -------------------------------------------------------------------------------------------------------------------

void PollingTransport::handle_get(HttpExchange& exchange, const EngineQuery& query) {
  if (get_ != nullptr) {
    context_.answers.empty(exchange, 400);
    fail(CloseReason::transport_error);
    return;
  }
  get_ = exchange.shared_from_this();
  get_jsonp_ = query.jsonp;
  exchange.on_abandoned([weak = weak_from_this()] {
    if (const auto transport = weak.lock(); transport != nullptr && transport->get_ != nullptr) {
      transport->get_.reset();
      transport->fail(CloseReason::transport_error);
    }
  });
  go_on();
}

void PollingTransport::go_on() {
  if (get_ == nullptr || sending_ != nullptr) {
    return;
  }
  if (!finishing_) {
    listener_->on_polling_writable();
  } else if (!queue_.empty()) {
    flush();
  } else {
    queue_.push(context_.frames.noop);
    answer_last();
    listener_->on_polling_finished();
  }
}

FrameQueue::Mark PollingTransport::mark() const {
  FrameQueue::Mark mark = queue_.mark();
  mark.written += unsent_bytes();
  return mark;
}

void PollingTransport::flush() {
  if (get_ != nullptr && sending_ == nullptr && !queue_.empty()) {
    const auto exchange = std::exchange(get_, nullptr);  // first: the response may let the client's next request in
    answer(*exchange, std::exchange(get_jsonp_, std::nullopt), {});
  }
}

void PollingTransport::release_client() {
  if (get_ != nullptr && queue_.empty()) {
    queue_.push(context_.frames.noop);
  }
  flush();
}

void PollingTransport::answer_last() {
  queue_.push(context_.frames.close);
  flush();
}

/// Responds with all that is queued.
void PollingTransport::answer(HttpExchange& exchange, const std::optional<std::string>& jsonp, std::string_view opened) {
  std::vector<Packet> packets;
  bool has_binary = false;
  bool compress = false;
  for (const FrameRef& frame : queue_.frames()) {
    for (std::size_t i = 0; i < frame->part_count(); ++i) {
      packets.push_back(frame->packet(i));
    }
    has_binary = has_binary || frame->has_binary();
    compress = compress || frame->compress();
  }
  Buffer joined;
  Bytes body;
  const bool as_octets = revision_ == 3 && has_binary && !base64_ && !jsonp;
  if (revision_ == 3) {
    using engineio_revision3::PayloadForm;
    engineio_revision3::encode_payload(joined, packets, as_octets ? PayloadForm::binary : PayloadForm::text);
    body = joined.bytes();
  } else if (queue_.frames().size() == 1) {
    body = queue_.frames().front()->polling();  // shared by all polling clients
  } else {
    engineio_packet::encode_payload(joined, packets);
    body = joined.bytes();
  }
  std::string_view content_type = as_octets ? "application/octet-stream" : "text/plain; charset=UTF-8";
  Buffer script;
  if (jsonp) {
    engine_jsonp::encode(script, *jsonp, as_text(body));
    body = script.bytes();
    content_type = "text/javascript; charset=UTF-8";
  }
  FrameQueue answered = std::move(queue_);  // owns the bytes that the body may borrow
  queue_ = FrameQueue();
  context_.answers.payload(exchange, {content_type, body, compress, opened});
  if (exchange.unsent_bytes() != 0) {
    sending_ = exchange.shared_from_this();
    exchange.on_sent([weak = weak_from_this()] {
      const auto transport = weak.lock();
      if (transport != nullptr && std::exchange(transport->sending_, nullptr) && transport->listener_ != nullptr) {
        transport->go_on();
      }
    });
  }
}

// ---- POST ------------------------------------------------------------------------------------------------------------------

void PollingTransport::handle_post(HttpExchange& exchange, const EngineQuery& query) {
  const bool octets = exchange.request().header("content-type") == "application/octet-stream";
  if (posting_ || (octets && revision_ == 4)) {
    context_.answers.empty(exchange, 400);
    fail(CloseReason::transport_error);
    return;
  }
  posting_ = true;
  exchange.read_body(
      context_.options.max_http_buffer_size,
      [weak = weak_from_this(), &exchange, octets, jsonp = query.jsonp.has_value()](Bytes body, bool complete, bool too_large) {
        const auto transport = weak.lock();
        if (transport == nullptr || transport->listener_ == nullptr) {  // the session has ended, or switched to WebSocket
          if (complete || too_large) {  // otherwise the client has disconnected, and the exchange may be destroyed
            exchange.respond(400, {}, {});
          }
          return;
        }
        transport->posting_ = false;
        if (too_large) {
          transport->context_.answers.empty(exchange, 413);
          transport->listener_->on_too_large();
          transport->fail(CloseReason::transport_error);
        } else if (!complete) {
          transport->fail(CloseReason::transport_error);
        } else if (jsonp) {
          Buffer decoded;
          engine_jsonp::decode(decoded, as_text(body));
          transport->on_body(exchange, decoded.bytes(), false);
        } else {
          transport->on_body(exchange, body, octets);
        }
      });
}

void PollingTransport::on_body(HttpExchange& exchange, Bytes body, bool octets) {
  const auto kept = exchange.shared_from_this();
  const EngineAnswers& answers = context_.answers;
  Buffer scratch;
  if (finishing_) {
    // Packets for a session that the server has closed are dropped.
  } else if (revision_ == 3) {
    using engineio_revision3::PayloadForm;
    read_packets(engineio_revision3::PayloadReader(body, octets ? PayloadForm::binary : PayloadForm::text, scratch));
  } else {
    read_packets(engineio_packet::PayloadReader(as_text(body), scratch));
  }
  answers.ok(exchange);
}

template <typename Reader>
void PollingTransport::read_packets(Reader reader) {
  Packet packet;
  reading_ = true;
  while (listener_ != nullptr && !finishing_ && reader.next(packet)) {
    listener_->on_polling_packet(packet);
  }
  reading_ = false;
  if (listener_ != nullptr && !finishing_ && !reader.ok()) {
    fail(CloseReason::parse_error);
  }
}

// ---- the end ---------------------------------------------------------------------------------------------------------------

void PollingTransport::fail(CloseReason reason) {
  if (listener_ != nullptr) {
    listener_->on_polling_failed(reason);
  }
}

FrameQueue PollingTransport::hand_over() {
  FrameQueue queue = std::exchange(queue_, FrameQueue());
  discard(context_.frames.close);
  return queue;
}

void PollingTransport::discard(const FrameRef& last) {
  listener_ = nullptr;
  queue_.clear();
  sending_ = nullptr;
  if (get_ != nullptr) {
    queue_.push(last);
    flush();
  }
}

bool PollingTransport::finish() {
  finishing_ = true;
  if (get_ != nullptr && sending_ == nullptr && queue_.empty()) {
    answer_last();
    return true;
  }
  flush();
  return false;
}

}  // namespace socketio::server
