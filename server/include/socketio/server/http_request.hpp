#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>

namespace socketio {

/// Names and values, in their order.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// An HTTP request: for routes, for hooks, and of a client that wants to connect. Valid as long as the handle that came with it
/// (HttpResponse, HttpNext, Decision), on any thread.
struct SOCKETIO_API HttpRequest {
  HttpRequest() = default;
  HttpRequest(const HttpRequest&) = delete;
  HttpRequest& operator=(const HttpRequest&) = delete;

  std::string method;      ///< "GET"
  std::string url;         ///< as sent: path and query
  std::string_view path;   ///< of url, encoded; begins with "/", or is empty (`OPTIONS *`)
  std::string_view query;  ///< of url, after the "?"; encoded
  HttpHeaders headers;     ///< lower-case names, in the order of arrival
  std::string address;     ///< of the TCP connection's peer; with HttpOptions::trust_proxy, of the client
  bool secure = false;     ///< the connection uses TLS; with HttpOptions::trust_proxy, the client's connection to the proxy
  bool upgrade = false;    ///< asks for a WebSocket (GET, Connection: upgrade, Upgrade: websocket, no body)
  HttpHeaders params;      ///< of a route: the parameters of its path, decoded
  Bytes body;              ///< of a route: valid during the call of the handler; empty for routes that read it in pieces

  /// Value of the first header with that name; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const noexcept;
  /// Value of a cookie, decoded; empty when the client sent none of that name. Of several the first counts.
  [[nodiscard]] std::optional<std::string> cookie(std::string_view name) const;
  /// Value of a name in the query, decoded; empty when it is missing. Of several the last counts.
  [[nodiscard]] std::string query_value(std::string_view name) const;
  /// A parameter of the route's path; empty when the route has none of that name.
  [[nodiscard]] std::string_view param(std::string_view name) const noexcept;
};

/// The first request of a client that wants to connect.
using HandshakeRequest = HttpRequest;

}  // namespace socketio
