#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/server/http.hpp>
#include <socketio/server/engine_options.hpp>

namespace socketio::server {

/// Reason why a request is refused. The values are those on the wire.
enum class EngineError : std::uint8_t {
  unknown_transport = 0,
  unknown_session = 1,
  bad_handshake_method = 2,
  bad_request = 3,
  forbidden = 4,
  unsupported_version = 5,
};

/// Responses of Engine.IO to HTTP requests, with the headers that the options require.
///
/// Source: docs/wire_server.md, "Engine.IO: requests" and "Long polling".
class EngineAnswers {
 public:
  /// `options` outlive this.
  explicit EngineAnswers(const EngineOptions& options) noexcept : options_(options) {}

  void add_cors(Headers& headers, const HttpRequest& request) const;
  /// Responds to a CORS preflight request. False when the request is no preflight, or CORS is off.
  [[nodiscard]] bool preflight(HttpExchange& exchange) const;
  /// Refuses a request, also one for an upgrade. `message` replaces the usual one when it is not empty.
  void refuse(HttpExchange& exchange, EngineError error, std::string_view message = {}) const;
  /// Refuses a WebSocket whose handshake is invalid.
  void refuse_websocket(HttpExchange& exchange, std::string_view message) const;
  void empty(HttpExchange& exchange, int status) const;
  /// Responds to a POST.
  void ok(HttpExchange& exchange) const;

  struct Body {
    std::string_view content_type;
    Bytes bytes;
    bool compress = false;    ///< its packets may be compressed
    std::string_view cookie;  ///< a session id, if one is to be set
  };
  /// Responds to a GET.
  void payload(HttpExchange& exchange, const Body& body) const;

 private:
  [[nodiscard]] Headers headers(const HttpExchange& exchange, std::string_view content_type) const;

  const EngineOptions& options_;
};

}  // namespace socketio::server
