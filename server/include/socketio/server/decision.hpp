#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <socketio/common/export.hpp>
#include <socketio/server/http_request.hpp>

namespace socketio {

namespace server {
class CallTicket;
}

/// Refusal of a client that wants to connect. It receives {"code":4,"message":"..."}; over WebSocket the message alone.
struct HandshakeRefusal {
  std::string message = {};  ///< empty: "Forbidden"
  int status = 0;            ///< 400 to 599; 0: as the official server, 403, and 400 for a WebSocket
  int code = 4;
};

/// Takes the decision of EngineOptions::allow_request. A small handle, which may be copied, kept, and used on any thread, one
/// at a time; the first call counts, later ones do nothing. A decision that has not come after EngineOptions::decision_timeout,
/// or cannot come any more because the last copy is destroyed, is a refusal.
class SOCKETIO_API Decision {
 public:
  explicit Decision(std::shared_ptr<server::CallTicket> ticket) noexcept;

  void allow() const;
  /// Throws Error(bad_arguments) for a status outside 400 to 599.
  void refuse(const HandshakeRefusal& refusal) const;
  void refuse(std::string_view message = {}) const;
  /// False once it is decided, the time is over, or the client has disconnected.
  [[nodiscard]] bool wanted() const noexcept;
  [[nodiscard]] const HandshakeRequest& request() const noexcept;

 private:
  std::shared_ptr<server::CallTicket> ticket_;
};

/// A request that the server has refused before there was a session, or that belongs to none. Valid during the call of
/// EngineOptions::connection_error.
struct SOCKETIO_API ConnectionError {
  const HttpRequest& request;
  int code;  ///< 0 unknown transport, 1 unknown session, 2 method, 3 bad request, 4 forbidden, 5 protocol version
  std::string_view message;  ///< "Session ID unknown"
  /// Details, as of the official server: "name" ("TRANSPORT_MISMATCH" ...), "transport", "previousTransport", "sid", "method",
  /// "origin", "protocol", "previousProtocol", "message".
  HttpHeaders context;

  /// One of the details; empty when it is missing.
  [[nodiscard]] std::string_view detail(std::string_view name) const noexcept;
};

}  // namespace socketio
