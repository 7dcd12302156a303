#include <algorithm>
#include <optional>
#include <utility>

#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/websocket_frame.hpp>
#include <socketio/server/engine.hpp>

#include "engine_shared.hpp"
#include "http/http_text.hpp"
#include "http/pending_calls.hpp"
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

void append_upgrade(Buffer& head, const HttpRequest& request, bool compression) {
  head.append(std::string_view(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "));
  websocket_frame::append_accept(head, request.header("sec-websocket-key"));
  if (const std::string_view protocol = first_subprotocol(request.header("sec-websocket-protocol")); !protocol.empty()) {
    head.append(std::string_view("\r\nSec-WebSocket-Protocol: "));
    head.append(protocol);
  }
  if (compression) {
    head.append(std::string_view("\r\nSec-WebSocket-Extensions: "));
    head.append(websocket_deflate::accepted);
  }
  head.append(std::string_view("\r\n"));
}

bool offers_deflate(const HttpRequest& request) noexcept {
  return std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
    return header.first == "sec-websocket-extensions" && websocket_deflate::is_offered(header.second);
  });
}

}  // namespace

class EngineServer::Impl : public EngineShared {
 public:
  Impl(Loop& loop, EngineOptions server_options, std::function<void(Session&)> on_session, Random* random, LoopNumber number);

  bool handle(HttpExchange& exchange);
  bool preflight(HttpExchange& exchange) const { return is_here(exchange.request()) && answers.cors().preflight(exchange); }
  bool refuse_by_hook(HttpExchange& exchange);
  void close_all();
  void stop_draining();
  void reopen() noexcept { closed_ = false; }

 private:
  [[nodiscard]] bool is_here(const HttpRequest& request) const noexcept;
  [[nodiscard]] static std::optional<NamedSession> named(const EngineSession* session);
  void refuse(HttpExchange& exchange, const EngineQuery& query, const EngineRefusal& refusal,
              const EngineSession* session = nullptr);
  void ask_application(HttpExchange& exchange, const EngineQuery& query);
  void decided(HttpExchange& exchange, const EngineQuery& query, const CallAnswer& answer);
  void begin_session(HttpExchange& exchange, const EngineQuery& query);
  std::optional<SessionId> make_id(const HttpRequest& request, std::string& cause);
  void handle_upgrade(HttpExchange& exchange, const EngineQuery& query, EngineSession* session, SessionId* id);
  void refuse_closed(HttpExchange& exchange) const;

  std::function<void(Session&)> on_session_;
  Random& random_;
  LoopNumber loop_number_;
  std::string path_;                         ///< without a slash at its end
  std::unique_ptr<PendingCalls> decisions_;  ///< null without allow_request
  bool closed_ = false;
};

EngineServer::Impl::Impl(Loop& loop, EngineOptions server_options, std::function<void(Session&)> on_session, Random* random,
                         LoopNumber loop_number)
    : EngineShared(loop, std::move(server_options)),
      on_session_(std::move(on_session)),
      random_(random != nullptr ? *random : loop.random()),
      loop_number_(loop_number),
      path_(options.path.ends_with('/') ? options.path.substr(0, options.path.size() - 1) : options.path) {
  if (options.allow_request) {
    decisions_ = std::make_unique<PendingCalls>(loop, options.decisions_max, in_ms(options.decision_timeout));
  }
}

bool EngineServer::Impl::is_here(const HttpRequest& request) const noexcept {
  std::string_view rest = request.url;
  if (!rest.starts_with(path_)) {
    return false;
  }
  rest.remove_prefix(path_.size());
  return rest.starts_with('/') || (!options.add_trailing_slash && (rest.empty() || rest.front() == '?'));
}

std::optional<NamedSession> EngineServer::Impl::named(const EngineSession* session) {
  if (session == nullptr) {
    return std::nullopt;
  }
  return NamedSession{session->revision(),
                      session->transports.is_polling() ? EngineTransport::polling : EngineTransport::websocket};
}

bool EngineServer::Impl::handle(HttpExchange& exchange) {
  const HttpRequest& request = exchange.request();
  if (!is_here(request)) {
    return false;
  }
  if (answers.cors().preflight(exchange)) {
    return true;
  }
  const EngineQuery query = EngineQuery::of(request.query);
  EngineSession* const session = find(query.sid);
  if (session == nullptr && closed_) {
    refuse_closed(exchange);
  } else if (const auto refusal = check_request(options, request, query, named(session))) {
    refuse(exchange, query, *refusal, session);
  } else if (session == nullptr) {
    ask_application(exchange, query);
  } else if (request.upgrade) {
    handle_upgrade(exchange, query, session, nullptr);
  } else {
    session->transports.handle(exchange, query);
  }
  return true;
}

void EngineServer::Impl::refuse(HttpExchange& exchange, const EngineQuery& query, const EngineRefusal& refusal,
                                const EngineSession* session) {
  ++counters.refused;
  if (options.connection_error) {
    const HttpRequest& request = exchange.request();
    options.connection_error(
        {request, refusal.code(), text_of(refusal.error), details_of(refusal, request, query, named(session))});
  }
  answers.refuse(exchange, refusal);
}

bool EngineServer::Impl::refuse_by_hook(HttpExchange& exchange) {
  if (!is_here(exchange.request())) {
    return false;
  }
  refuse(exchange, EngineQuery::of(exchange.request().query), {EngineError::bad_request, "MIDDLEWARE_FAILURE"});
  return true;
}

// ---- new sessions ----------------------------------------------------------------------------------------------------------

void EngineServer::Impl::ask_application(HttpExchange& exchange, const EngineQuery& query) {
  if (!decisions_) {
    begin_session(exchange, query);
    return;
  }
  const auto kept = exchange.shared_from_this();
  const auto call = [this, &kept](const std::shared_ptr<CallTicket>& ticket) {
    options.allow_request(kept->request(), Decision(ticket));
  };
  decisions_->ask(kept, call, [this, kept, query](CallAnswer& answer) { decided(*kept, query, answer); });
}

void EngineServer::Impl::decided(HttpExchange& exchange, const EngineQuery& query, const CallAnswer& answer) {
  EngineRefusal refusal{EngineError::forbidden};
  switch (answer.kind) {
    case CallAnswer::Kind::proceed:
      if (closed_) {
        refuse_closed(exchange);
      } else {
        begin_session(exchange, query);
      }
      return;
    case CallAnswer::Kind::closed: refuse_closed(exchange); return;
    case CallAnswer::Kind::refuse: refusal.refusal = {answer.text, answer.status, answer.code}; break;
    case CallAnswer::Kind::timed_out:
      ++counters.decisions_timed_out;
      refusal.refusal = {"No decision in time", 503};
      break;
    case CallAnswer::Kind::too_many:
      ++counters.decisions_refused;
      refusal.refusal = {"Too many clients are waiting for a decision", 503};
      break;
    default: ++counters.decisions_missing; break;
  }
  refuse(exchange, query, refusal);
}

void EngineServer::Impl::begin_session(HttpExchange& exchange, const EngineQuery& query) {
  const HttpRequest& request = exchange.request();
  if (query.revision == 3 && !options.allow_eio3) {
    refuse(exchange, query, {EngineError::unsupported_version});
    return;
  }
  std::string cause;
  auto id = make_id(request, cause);
  if (!id) {
    EngineRefusal refusal{EngineError::bad_request, "ID_GENERATION_ERROR"};
    refusal.cause = std::move(cause);
    refuse(exchange, query, refusal);
  } else if (request.upgrade) {
    handle_upgrade(exchange, query, nullptr, &*id);
  } else {
    EngineSession& made = add(std::make_unique<EngineSession>(*this, std::move(*id), query, request));
    made.transports.open(exchange, query, made.id());
    on_session_(made);
  }
}

/// Nothing when the application's id is not possible; `cause` says why.
std::optional<SessionId> EngineServer::Impl::make_id(const HttpRequest& request, std::string& cause) {
  if (!options.generate_id) {
    return Id::make(random_, loop_number_.loop, loop_number_.loops);
  }
  std::string text;
  try {
    text = options.generate_id(request);
  } catch (const std::exception& error) {
    cause = error.what();
    return std::nullopt;
  } catch (...) {
    cause = "an exception";
    return std::nullopt;
  }
  if (!SessionId::is_possible(text)) {
    cause = "an id has 1 to 64 characters of A-Z a-z 0-9 - _ . ~";
    return std::nullopt;
  }
  SessionId id(std::move(text), loop_number_);
  if (is_used(id.text())) {
    cause = "the id is in use";
    return std::nullopt;
  }
  return id;
}

void EngineServer::Impl::handle_upgrade(HttpExchange& exchange, const EngineQuery& query, EngineSession* session,
                                        SessionId* id) {
  const HttpRequest& request = exchange.request();
  if (const std::string_view wrong = wrong_with_handshake(request); !wrong.empty()) {
    ++counters.refused;
    answers.refuse_websocket(exchange, wrong);
    return;
  }
  const int revision = session != nullptr ? session->revision() : query.revision;
  const bool compression = options.per_message_deflate && revision == 4 && offers_deflate(request);
  Buffer head;
  append_upgrade(head, request, compression);
  Headers headers;
  answers.cors().add_headers(headers, request);
  answers.call_hooks(headers, request, session == nullptr);
  append_headers(head, headers);
  append_headers(head, exchange.added_headers(), &headers);
  head.append(std::string_view("\r\n"));
  auto raw = exchange.take_over(head.text());
  if (raw == nullptr) {  // the client has disconnected
    return;
  }
  auto websocket = std::make_unique<WebSocketConnection>(websockets, std::move(raw), revision, compression);
  if (session != nullptr) {
    session->begin_upgrade(std::move(websocket));
  } else {
    EngineSession& made = add(std::make_unique<EngineSession>(*this, std::move(*id), query, request));
    made.transports.open(std::move(websocket), made.id());
    on_session_(made);
    made.transports.start();
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
  if (decisions_) {
    decisions_->end_all();
  }
  for (EngineSession* const session : sessions()) {
    session->close(CloseReason::server_shutting_down);
  }
}

void EngineServer::Impl::stop_draining() {
  for (EngineSession* const session : sessions()) {
    session->on_finished();
  }
}

EngineServer::EngineServer(Loop& loop, EngineOptions options, std::function<void(Session&)> on_session, Random* random,
                           LoopNumber loop_number)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(on_session), random, loop_number)) {}
EngineServer::~EngineServer() = default;

bool EngineServer::handle(HttpExchange& exchange) { return impl_->handle(exchange); }
bool EngineServer::preflight(HttpExchange& exchange) const { return impl_->preflight(exchange); }
bool EngineServer::refuse_by_hook(HttpExchange& exchange) { return impl_->refuse_by_hook(exchange); }
std::size_t EngineServer::session_count() const noexcept { return impl_->open_count; }
EngineCounters EngineServer::counters() const noexcept { return impl_->counters; }

void EngineServer::close_all() { impl_->close_all(); }
void EngineServer::reopen() noexcept { impl_->reopen(); }
bool EngineServer::is_drained() const noexcept { return impl_->is_drained(); }
void EngineServer::when_drained(std::function<void()> drained) { impl_->when_drained(std::move(drained)); }
void EngineServer::stop_draining() { impl_->stop_draining(); }

}  // namespace socketio::server
