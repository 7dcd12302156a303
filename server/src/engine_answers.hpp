#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/server/http.hpp>
#include <socketio/server/options.hpp>

namespace socketio::server {

/// Why a request is refused. The values are those on the wire.
enum class EngineError : std::uint8_t {
  unknown_transport = 0,
  unknown_session = 1,
  bad_handshake_method = 2,
  bad_request = 3,
  forbidden = 4,
  unsupported_version = 5,
};

/// How Engine.IO answers HTTP requests: with the headers that the options ask for.
///
/// Source: docs/wire_server.md, "Engine.IO: requests" and "Long polling".
class EngineAnswers {
 public:
  /// `options` outlive this.
  explicit EngineAnswers(const EngineOptions& options) noexcept : options_(options) {}

  void add_cors(Headers& headers, const HttpRequest& request) const;
  /// Answers a CORS preflight request. False when it is none, or CORS is off.
  [[nodiscard]] bool preflight(HttpExchange& exchange) const;
  /// Refuses, a request for an upgrade too. `message` stands for the usual one when it is not empty.
  void refuse(HttpExchange& exchange, EngineError error, std::string_view message = {}) const;
  /// Refuses a WebSocket whose handshake is wrong.
  void refuse_websocket(HttpExchange& exchange, std::string_view message) const;
  void empty(HttpExchange& exchange, int status) const;
  /// Answers a POST.
  void ok(HttpExchange& exchange) const;

  struct Body {
    std::string_view content_type;
    Bytes bytes;
    bool compress = false;    ///< its packets allow it
    std::string_view cookie;  ///< a session id, if one is to be set
  };
  /// Answers a GET.
  void payload(HttpExchange& exchange, const Body& body) const;

 private:
  [[nodiscard]] Headers headers(const HttpExchange& exchange, std::string_view content_type) const;

  const EngineOptions& options_;
};

}  // namespace socketio::server
