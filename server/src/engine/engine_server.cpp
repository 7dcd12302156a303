#include <algorithm>
#include <optional>
#include <utility>

#include <socketio/net/random.hpp>
#include <socketio/protocol/websocket_frame.hpp>
#include <socketio/server/engine.hpp>

#include "engine_shared.hpp"
#include "websocket/websocket_deflate.hpp"

namespace socketio::server {

std::string_view text_of(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::client_namespace_disconnect: return "client namespace disconnect";
    case CloseReason::server_namespace_disconnect: return "server namespace disconnect";
    case CloseReason::server_shutting_down: return "server shutting down";
    case CloseReason::ping_timeout: return "ping timeout";
    case CloseReason::transport_close: return "transport close";
    case CloseReason::transport_error:
    case CloseReason::queue_full: return "transport error";
    case CloseReason::parse_error: return "parse error";
    case CloseReason::forced_close: return "forced close";
  }
  return {};
}

namespace {

/// Error text of the reference for an invalid handshake; empty for a valid one.
std::string_view wrong_with_handshake(const HttpRequest& request) noexcept {
  if (request.method != "GET") {
    return "Invalid HTTP method";
  }
  if (!websocket_frame::is_valid_key(request.header("sec-websocket-key"))) {
    return "Missing or invalid Sec-WebSocket-Key header";
  }
  if (request.header("sec-websocket-version") != "13") {
    return "Missing or invalid Sec-WebSocket-Version header";
  }
  return {};
}

bool offers_deflate(const HttpRequest& request) noexcept {
  return std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
    return header.first == "sec-websocket-extensions" && websocket_deflate::is_offered(header.second);
  });
}

}  // namespace

class EngineServer::Impl : public EngineShared {
 public:
  Impl(Loop& loop, EngineOptions server_options, std::function<void(Session&)> on_session, Random* random, LoopPlace place)
      : EngineShared(loop, std::move(server_options)),
        on_session_(std::move(on_session)),
        random_(random != nullptr ? *random : system_random_),
        place_(place),
        path_(options.path.ends_with('/') ? options.path : options.path + '/') {}

  bool handle(HttpExchange& exchange);
  void close_all();
  void stop_draining();
  void reopen() noexcept { closed_ = false; }

 private:
  std::optional<EngineError> check(const HttpRequest& request, const EngineQuery& query, const EngineSession* session,
                                   std::string& message) const;
  std::optional<EngineError> check_handshake(const HttpRequest& request, const EngineQuery& query, std::string& message) const;
  [[nodiscard]] bool enabled(std::string_view transport) const;
  void handle_upgrade(HttpExchange& exchange, const EngineQuery& query, EngineSession* session);
  EngineSession& make_session(const HttpRequest& request, const EngineQuery& query);
  void refuse_closed(HttpExchange& exchange) const;

  std::function<void(Session&)> on_session_;
  SystemRandom system_random_;
  Random& random_;
  LoopPlace place_;
  std::string path_;
  bool closed_ = false;
};

bool EngineServer::Impl::enabled(std::string_view transport) const {
  const auto is_on = [this](EngineTransport wanted) {
    return std::find(options.transports.begin(), options.transports.end(), wanted) != options.transports.end();
  };
  return (transport == "polling" && is_on(EngineTransport::polling)) ||
         (transport == "websocket" && is_on(EngineTransport::websocket));
}

/// Checks in the order of the reference, because clients see which one failed first.
std::optional<EngineError> EngineServer::Impl::check(const HttpRequest& request, const EngineQuery& query,
                                                     const EngineSession* session, std::string& message) const {
  if (!enabled(query.transport)) {
    return EngineError::unknown_transport;
  }
  if (!is_header_value(request.header("origin"))) {
    return EngineError::bad_request;
  }
  const bool as_websocket = query.transport == "websocket";
  if (query.sid.empty()) {
    return check_handshake(request, query, message);
  }
  if (session == nullptr) {
    return EngineError::unknown_session;
  }
  if (session->revision() != query.revision) {
    return EngineError::bad_request;
  }
  // A session that started on WebSocket accepts no polling requests, and cannot be taken over by another WebSocket.
  const bool fits = request.upgrade ? as_websocket && options.allow_upgrades : !as_websocket && session->is_polling();
  return fits ? std::nullopt : std::optional(EngineError::bad_request);
}

std::optional<EngineError> EngineServer::Impl::check_handshake(const HttpRequest& request, const EngineQuery& query,
                                                               std::string& message) const {
  if (request.method != "GET") {
    return EngineError::bad_handshake_method;
  }
  if ((query.transport == "websocket") != request.upgrade) {
    return EngineError::bad_request;
  }
  if (options.allow_request && !options.allow_request(request.url, request.header("origin"), message)) {
    return EngineError::forbidden;
  }
  if (query.revision == 3 && !options.allow_eio3) {
    return EngineError::unsupported_version;
  }
  return std::nullopt;
}

bool EngineServer::Impl::handle(HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  if (!std::string_view(request.url).starts_with(path_)) {
    return false;
  }
  if (answers.preflight(exchange)) {
    return true;
  }
  const EngineQuery query = EngineQuery::of(request.query);
  EngineSession* const session = find(query.sid);
  std::string message;
  if (session == nullptr && closed_) {
    refuse_closed(exchange);
    return true;
  }
  if (const auto error = check(request, query, session, message)) {
    ++counters.refused;
    answers.refuse(exchange, *error, message);
  } else if (request.upgrade) {
    handle_upgrade(exchange, query, session);
  } else if (session != nullptr) {
    session->handle_polling(exchange, query);
  } else {
    EngineSession& made = make_session(request, query);
    made.open(exchange, query, options.cookie);
    on_session_(made);
  }
  return true;
}

EngineSession& EngineServer::Impl::make_session(const HttpRequest& request, const EngineQuery& query) {
  return add(std::make_unique<EngineSession>(*this, Id::make(random_, place_.loop, place_.loops), query, request));
}

void EngineServer::Impl::handle_upgrade(HttpExchange& exchange, const EngineQuery& query, EngineSession* session) {
  const HttpRequest& request = exchange.request();
  const std::string_view key = request.header("sec-websocket-key");
  if (const std::string_view wrong = wrong_with_handshake(request); !wrong.empty()) {
    ++counters.refused;
    answers.refuse_websocket(exchange, wrong);
    return;
  }
  Buffer head;
  head.append(std::string_view(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "));
  websocket_frame::append_accept(head, key);
  if (const std::string_view protocol = first_subprotocol(request.header("sec-websocket-protocol")); !protocol.empty()) {
    head.append(std::string_view("\r\nSec-WebSocket-Protocol: "));
    head.append(protocol);
  }
  const int revision = session != nullptr ? session->revision() : query.revision;
  const bool compression = options.per_message_deflate && revision == 4 && offers_deflate(request);
  if (compression) {
    head.append(std::string_view("\r\nSec-WebSocket-Extensions: "));
    head.append(websocket_deflate::accepted);
  }
  head.append(std::string_view("\r\n\r\n"));
  auto raw = exchange.take_over(head.text());
  if (raw == nullptr) {  // the client has disconnected
    return;
  }
  auto websocket = std::make_unique<WebSocketConnection>(websockets, std::move(raw), revision, compression);
  if (session != nullptr) {
    session->begin_upgrade(std::move(websocket));
  } else {
    EngineSession& made = make_session(request, query);
    made.open(std::move(websocket));
    on_session_(made);
    made.start();
  }
}

void EngineServer::Impl::refuse_closed(HttpExchange& exchange) const {
  if (exchange.request().upgrade) {
    exchange.respond_raw_and_close("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  } else {
    answers.empty(exchange, 503);
  }
}

void EngineServer::Impl::close_all() {
  closed_ = true;
  for (EngineSession* const session : sessions()) {
    session->close(CloseReason::server_shutting_down);
  }
}

void EngineServer::Impl::stop_draining() {
  for (EngineSession* const session : sessions()) {
    session->stop_lingering();
  }
}

EngineServer::EngineServer(Loop& loop, EngineOptions options, std::function<void(Session&)> on_session, Random* random,
                           LoopPlace place)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(on_session), random, place)) {}
EngineServer::~EngineServer() = default;

bool EngineServer::handle(HttpExchange& exchange) { return impl_->handle(exchange); }
std::size_t EngineServer::session_count() const noexcept { return impl_->open_count; }
EngineCounters EngineServer::counters() const noexcept { return impl_->counters; }

void EngineServer::close_all() { impl_->close_all(); }
void EngineServer::reopen() noexcept { impl_->reopen(); }
bool EngineServer::is_drained() const noexcept { return impl_->is_drained(); }
void EngineServer::when_drained(std::function<void()> drained) { impl_->when_drained(std::move(drained)); }
void EngineServer::stop_draining() { impl_->stop_draining(); }

}  // namespace socketio::server
