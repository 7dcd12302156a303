#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <socketio/server/decision.hpp>
#include <socketio/server/engine_options.hpp>

#include "engine_request.hpp"

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
/// "Session ID unknown"
[[nodiscard]] std::string_view text_of(EngineError error) noexcept;

/// Refusal of a request.
struct EngineRefusal {
  EngineError error;
  std::string_view name = {};     ///< of the cause, where an error has several: "TRANSPORT_MISMATCH"
  HandshakeRefusal refusal = {};  ///< forbidden: what the application has decided
  std::string cause = {};         ///< of an id that could not be made

  [[nodiscard]] int code() const noexcept { return error == EngineError::forbidden ? refusal.code : static_cast<int>(error); }
  /// Text for the client.
  [[nodiscard]] std::string_view message() const noexcept {
    return refusal.message.empty() ? text_of(error) : std::string_view(refusal.message);
  }
};

/// The session that a request names, as far as checks need it.
struct NamedSession {
  int revision;
  EngineTransport transport;
};

/// Checks a request in the order of the reference, because clients see which check failed first. The application is asked, and
/// the revision checked, after these.
///
/// Source: docs/wire_server.md, "Engine.IO: requests".
[[nodiscard]] std::optional<EngineRefusal> check_request(const EngineOptions& options, const HttpRequest& request,
                                                         const EngineQuery& query, const std::optional<NamedSession>& session);

/// Details for EngineOptions::connection_error, as of the reference.
[[nodiscard]] HttpHeaders details_of(const EngineRefusal& refusal, const HttpRequest& request, const EngineQuery& query,
                                     const std::optional<NamedSession>& session);

}  // namespace socketio::server
