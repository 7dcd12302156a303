#pragma once

#include <string>

#include <socketio/server/engine_options.hpp>
#include <socketio/server/http.hpp>

namespace socketio::server {

/// Throws Error(bad_option) for a text that a header cannot have, and a status that is not 200 to 299.
void check_cors(const CorsOptions& cors);

/// CORS as the package `cors` does it, which the official server uses. Without origins there is no header of it at all.
///
/// Source: docs/wire_server.md, "Handshake".
class Cors {
 public:
  /// `options` outlive this.
  explicit Cors(const CorsOptions& options);

  [[nodiscard]] bool is_on() const noexcept { return on_; }
  /// Adds the headers of a response to anything but a preflight.
  void add_headers(Headers& headers, const HttpRequest& request) const;
  /// Responds to a preflight. False when the request is none, or its origin is refused by `origin_allowed`.
  [[nodiscard]] bool preflight(HttpExchange& exchange) const;

 private:
  /// False when `origin_allowed` refuses the origin.
  bool add_origin(Headers& headers, const HttpRequest& request) const;
  void add_others(Headers& headers) const;

  const CorsOptions& options_;
  bool on_;
  std::string methods_;
  std::string allowed_headers_;
  std::string exposed_headers_;
};

}  // namespace socketio::server
