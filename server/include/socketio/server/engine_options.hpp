#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/counter.hpp>

namespace socketio {

enum class EngineTransport : std::uint8_t { polling, websocket };

struct CorsOptions {
  std::vector<std::string> origins;  ///< exact origins; "*" alone: any. Empty: CORS is off, no header at all
  bool credentials = false;
};

struct EngineOptions {
  std::string path = "/socket.io/";
  std::vector<EngineTransport> transports{EngineTransport::polling, EngineTransport::websocket};
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::chrono::milliseconds upgrade_timeout{10'000};
  std::size_t max_http_buffer_size = 1'000'000;  ///< bytes of one request body or WebSocket message (`maxPayload`)
  bool allow_upgrades = true;
  bool allow_eio3 = false;
  bool cookie = false;  ///< Set-Cookie: io=<sid>
  bool http_compression = false;
  bool per_message_deflate = false;
  std::size_t compression_threshold = 1'024;
  CorsOptions cors;
  /// Limit for the bytes queued for one session, including memory overhead. Above it, a session that reads nothing for
  /// queue_timeout is closed, and above four times the limit every session. One message is always accepted beyond it,
  /// however large.
  std::size_t queue_bytes_max = 8 << 20;
  std::chrono::milliseconds queue_timeout{10'000};
  /// Called for each new session; false refuses it with `message` ("Forbidden" when empty).
  std::function<bool(std::string_view url, std::string_view origin, std::string& message)> allow_request;
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
};

}  // namespace socketio
