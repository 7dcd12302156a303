#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/counter.hpp>
#include <socketio/server/http_request.hpp>

namespace socketio {

class Decision;
struct ConnectionError;

enum class EngineTransport : std::uint8_t { polling, websocket };

/// Pages of other origins that may use the server. Without origins, origin_reflected and origin_allowed CORS is off, and no
/// header of it is sent.
struct CorsOptions {
  std::vector<std::string> origins = {};  ///< exact origins; "*" alone: any
  bool credentials = false;
  bool origin_reflected = false;  ///< any origin, by its name: `origin: true` in JavaScript
  /// Called for every request; `origin` is empty for one without.
  std::function<bool(std::string_view origin)> origin_allowed = {};
  std::vector<std::string> methods = {"GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"};
  std::vector<std::string> allowed_headers = {};     ///< of requests; empty: those that the preflight asks for
  std::vector<std::string> exposed_headers = {};     ///< of responses, which pages may read
  std::optional<std::chrono::seconds> max_age = {};  ///< for which a browser keeps the response to a preflight
  int preflight_status = 204;
};

enum class SameSite : std::uint8_t { lax, strict, none, unset };

/// Cookie with the session id, for load balancers: `Set-Cookie: io=<sid>; Path=/; HttpOnly; SameSite=Lax`, with the first
/// response over long polling.
struct CookieOptions {
  bool enabled = false;
  std::string name = "io";
  std::string path = "/";   ///< empty: not sent
  std::string domain = {};  ///< empty: not sent
  bool secure = false;
  bool http_only = true;
  SameSite same_site = SameSite::lax;
  std::optional<std::chrono::seconds> max_age = {};  ///< empty: until the browser is closed
};

struct EngineOptions {
  std::string path = "/socket.io/";
  bool add_trailing_slash = true;  ///< false: "/socket.io?EIO=4", for clients with `addTrailingSlash: false`
  std::vector<EngineTransport> transports{EngineTransport::polling, EngineTransport::websocket};
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::chrono::milliseconds upgrade_timeout{10'000};
  std::size_t max_http_buffer_size = 1'000'000;  ///< bytes of one request body or WebSocket message (`maxPayload`)
  bool allow_upgrades = true;
  bool allow_eio3 = false;
  CookieOptions cookie;
  bool http_compression = false;
  bool per_message_deflate = false;
  std::size_t compression_threshold = 1'024;
  CorsOptions cors;
  /// Limit for the bytes queued for one session, including memory overhead. Above it, a session that reads nothing for
  /// queue_timeout is closed, and above four times the limit every session. One message is always accepted beyond it,
  /// however large.
  std::size_t queue_bytes_max = 8 << 20;
  std::chrono::milliseconds queue_timeout{10'000};

  // The functions below are called on the thread of the request.

  /// Decides on each new session, now or later, on any thread; see Decision (socketio/server/decision.hpp).
  std::function<void(const HandshakeRequest& request, Decision decide)> allow_request;
  std::chrono::milliseconds decision_timeout{10'000};  ///< then the session is refused, with 503
  std::size_t decisions_max = 10'000;  ///< pending ones, for each thread; further sessions are refused, with 503
  /// Called for every refused request, with the code that the client receives.
  std::function<void(const ConnectionError& error)> connection_error;
  /// Adds headers to the first response of a session, that of a WebSocket included; called before `headers`.
  std::function<void(HttpHeaders& headers, const HttpRequest& request)> initial_headers;
  /// Adds headers to every successful response: to polls, to POSTs, and to WebSockets.
  std::function<void(HttpHeaders& headers, const HttpRequest& request)> headers;
  /// Makes the session id: 1 to 64 characters of A-Z a-z 0-9 - _ . ~, secret, and not in use. With several threads, a character
  /// that names the thread is appended. A session whose id is not possible is refused.
  std::function<std::string(const HandshakeRequest& request)> generate_id;
};

struct EngineCounters {
  Counter sessions;
  Counter upgrades;
  Counter refused;  ///< handshakes and requests answered with an error
  Counter parse_errors;
  Counter messages_too_large;  ///< above max_http_buffer_size; the session was closed
  Counter ping_timeouts;
  Counter queue_full;  ///< sessions closed because of queue_bytes_max
  Counter volatile_dropped;
  Counter messages_in;
  Counter messages_out;
  Counter decisions_timed_out;  ///< sessions refused because allow_request did not decide in time
  Counter decisions_missing;    ///< sessions refused because allow_request threw, or its last Decision was destroyed
  Counter decisions_refused;    ///< sessions refused because of decisions_max
};

}  // namespace socketio
