#pragma once

#include <string>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/server/engine_options.hpp>
#include <socketio/server/http.hpp>

#include "cors.hpp"
#include "engine_check.hpp"

namespace socketio::server {

/// Throws Error(bad_option) for a name or an attribute that a cookie cannot have.
void check_cookie(const CookieOptions& cookie);

/// Responses of Engine.IO to HTTP requests, with the headers that the options require.
///
/// Source: docs/wire_server.md, "Engine.IO: requests" and "Long polling".
class EngineAnswers {
 public:
  /// `options` outlive this.
  explicit EngineAnswers(const EngineOptions& options);

  [[nodiscard]] const Cors& cors() const noexcept { return cors_; }
  /// Refuses a request, also one for an upgrade.
  void refuse(HttpExchange& exchange, const EngineRefusal& refusal) const;
  /// Refuses a WebSocket whose handshake is invalid.
  void refuse_websocket(HttpExchange& exchange, std::string_view message) const;
  void empty(HttpExchange& exchange, int status) const;
  /// Responds to a POST.
  void ok(HttpExchange& exchange) const;

  struct Body {
    std::string_view content_type;
    Bytes bytes;
    bool compress = false;         ///< its packets may be compressed
    std::string_view opened = {};  ///< id of the session that the response opens
  };
  /// Responds to a GET.
  void payload(HttpExchange& exchange, const Body& body) const;
  /// Calls the hooks for headers of a successful response.
  void call_hooks(Headers& headers, const HttpRequest& request, bool is_initial) const;

 private:
  [[nodiscard]] Headers headers(const HttpExchange& exchange, std::string_view content_type) const;

  const EngineOptions& options_;
  Cors cors_;
  std::string cookie_;  ///< what follows the session id
};

}  // namespace socketio::server
