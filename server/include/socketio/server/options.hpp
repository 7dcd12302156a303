#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/export.hpp>

namespace socketio {

enum class Transport : std::uint8_t { polling, websocket };

struct HttpOptions {
  std::size_t connections_max = 16'000;      ///< below the process's descriptor limit; lowered to it at start
  std::size_t header_bytes_max = 16 * 1024;  ///< request line and headers together
  std::size_t headers_max = 100;
  std::uint32_t header_timeout_ms = 10'000;  ///< from the first byte of a request to the end of its headers
  std::uint32_t body_timeout_ms = 30'000;
  std::uint32_t idle_timeout_ms = 5'000;  ///< keep-alive between requests
  std::string certificate_file;           ///< PEM; with key_file: https and wss
  std::string key_file;
};

struct HttpCounters {
  std::uint64_t accepted = 0;
  std::uint64_t refused_limit = 0;  ///< connections above connections_max
  std::uint64_t requests = 0;
  std::uint64_t bad_requests = 0;  ///< not HTTP, or forbidden by it
  std::uint64_t too_large = 0;
  std::uint64_t timeouts = 0;
};

struct CorsOptions {
  std::vector<std::string> origins;  ///< exact origins; "*" alone: any. Empty: CORS is off, no header at all
  bool credentials = false;
};

struct EngineOptions {
  std::string path = "/socket.io/";
  std::vector<Transport> transports{Transport::polling, Transport::websocket};
  std::uint32_t ping_interval_ms = 25'000;
  std::uint32_t ping_timeout_ms = 20'000;
  std::uint32_t upgrade_timeout_ms = 10'000;
  std::size_t max_http_buffer_size = 1'000'000;  ///< bytes of one request body or WebSocket message (`maxPayload`)
  bool allow_upgrades = true;
  bool allow_eio3 = false;
  bool cookie = false;  ///< Set-Cookie: io=<sid>
  bool http_compression = false;
  bool per_message_deflate = false;
  std::size_t compression_threshold = 1'024;
  CorsOptions cors;
  std::size_t queue_bytes_max = 8 << 20;  ///< per session; beyond it the session is closed
  /// Asked for each new session; false refuses it with `message` ("Forbidden" when empty).
  std::function<bool(std::string_view url, std::string_view origin, std::string& message)> allow_request;
};

struct EngineCounters {
  std::uint64_t sessions = 0;
  std::uint64_t upgrades = 0;
  std::uint64_t refused = 0;  ///< handshakes and requests answered with an error
  std::uint64_t parse_errors = 0;
  std::uint64_t ping_timeouts = 0;
  std::uint64_t queue_full = 0;
  std::uint64_t volatile_dropped = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
};

}  // namespace socketio
