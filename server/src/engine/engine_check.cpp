#include "engine_check.hpp"

#include <algorithm>
#include <array>

#include "http/http_text.hpp"

namespace socketio::server {
namespace {

std::string_view name_of(EngineTransport transport) noexcept {
  return transport == EngineTransport::polling ? "polling" : "websocket";
}

bool is_enabled(const EngineOptions& options, std::string_view transport) {
  return std::any_of(options.transports.begin(), options.transports.end(),
                     [transport](EngineTransport one) { return name_of(one) == transport; });
}

std::optional<EngineRefusal> check_named(const EngineOptions& options, const HttpRequest& request, const EngineQuery& query,
                                         const NamedSession& session) {
  if (!request.upgrade && name_of(session.transport) != query.transport) {
    return EngineRefusal{EngineError::bad_request, "TRANSPORT_MISMATCH"};
  }
  if (session.revision != query.revision) {
    return EngineRefusal{EngineError::bad_request, "PROTOCOL_MISMATCH"};
  }
  // A session that started on WebSocket accepts no polling requests, and cannot be taken over by another WebSocket.
  const bool fits = request.upgrade ? query.transport == "websocket" && options.allow_upgrades
                                    : session.transport == EngineTransport::polling;
  return fits ? std::nullopt : std::optional(EngineRefusal{EngineError::bad_request, "TRANSPORT_MISMATCH"});
}

}  // namespace

std::string_view text_of(EngineError error) noexcept {
  constexpr std::array<std::string_view, 6> messages = {
      "Transport unknown", "Session ID unknown", "Bad handshake method",
      "Bad request",       "Forbidden",          "Unsupported protocol version"};
  return messages[static_cast<std::size_t>(error)];
}

std::optional<EngineRefusal> check_request(const EngineOptions& options, const HttpRequest& request, const EngineQuery& query,
                                           const std::optional<NamedSession>& session) {
  if (!is_enabled(options, query.transport)) {
    return EngineRefusal{EngineError::unknown_transport};
  }
  if (!is_header_value(request.header("origin"))) {
    return EngineRefusal{EngineError::bad_request, "INVALID_ORIGIN"};
  }
  if (!query.sid.empty()) {
    return session ? check_named(options, request, query, *session) : EngineRefusal{EngineError::unknown_session};
  }
  if (request.method != "GET") {
    return EngineRefusal{EngineError::bad_handshake_method};
  }
  if ((query.transport == "websocket") != request.upgrade) {
    return EngineRefusal{EngineError::bad_request, "TRANSPORT_HANDSHAKE_ERROR"};
  }
  return std::nullopt;
}

HttpHeaders details_of(const EngineRefusal& refusal, const HttpRequest& request, const EngineQuery& query,
                       const std::optional<NamedSession>& session) {
  HttpHeaders details;
  if (!refusal.name.empty()) {
    details.emplace_back("name", refusal.name);
  }
  switch (refusal.error) {
    case EngineError::unknown_transport: details.emplace_back("transport", query.transport); break;
    case EngineError::unknown_session: details.emplace_back("sid", query.sid); break;
    case EngineError::bad_handshake_method: details.emplace_back("method", request.method); break;
    case EngineError::forbidden: details.emplace_back("message", refusal.refusal.message); break;
    case EngineError::unsupported_version: details.emplace_back("protocol", std::to_string(query.revision)); break;
    case EngineError::bad_request:
      if (refusal.name == "TRANSPORT_MISMATCH" && session) {
        details.emplace_back("transport", query.transport);
        details.emplace_back("previousTransport", name_of(session->transport));
      } else if (refusal.name == "PROTOCOL_MISMATCH" && session) {
        details.emplace_back("protocol", std::to_string(query.revision));
        details.emplace_back("previousProtocol", std::to_string(session->revision));
      } else if (refusal.name == "INVALID_ORIGIN") {
        details.emplace_back("origin", request.header("origin"));
      } else if (!refusal.cause.empty()) {
        details.emplace_back("error", refusal.cause);
      }
      break;
  }
  return details;
}

}  // namespace socketio::server
