#include "engine_answers.hpp"

#include <algorithm>
#include <array>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/transcode.hpp>

#include "http/content_encoding.hpp"
#include "engine_request.hpp"

namespace socketio::server {
namespace {

constexpr std::array<std::string_view, 6> messages = {
    "Transport unknown", "Session ID unknown", "Bad handshake method",
    "Bad request",       "Forbidden",          "Unsupported protocol version"};

void refuse_upgrade(HttpExchange& exchange, std::string_view message, std::string_view header_line) {
  std::string raw = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n";
  raw.append(header_line).append("Content-type: text/html\r\nContent-Length: ");
  raw.append(std::to_string(message.size())).append("\r\n\r\n").append(message);
  exchange.respond_raw_and_close(raw);
}

}  // namespace

void EngineAnswers::add_cors(Headers& headers, const HttpRequest& request) const {
  const auto& origins = options_.cors.origins;
  if (origins.empty()) {
    return;
  }
  if (origins.size() == 1) {
    headers.emplace_back("Access-Control-Allow-Origin", origins.front());
  } else if (const auto origin = request.header("origin"); std::find(origins.begin(), origins.end(), origin) != origins.end()) {
    headers.emplace_back("Access-Control-Allow-Origin", origin);
  }
  if (origins.front() != "*") {
    headers.emplace_back("Vary", "Origin");
  }
  if (options_.cors.credentials) {
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
  }
}

Headers EngineAnswers::headers(const HttpExchange& exchange, std::string_view content_type) const {
  Headers headers;
  if (!content_type.empty()) {
    headers.emplace_back("Content-Type", content_type);
  }
  add_cors(headers, exchange.request());
  return headers;
}

bool EngineAnswers::preflight(HttpExchange& exchange) const {
  const HttpRequest& request = exchange.request();
  if (options_.cors.origins.empty() || request.method != "OPTIONS") {
    return false;
  }
  Headers answer = headers(exchange, {});
  answer.emplace_back("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
  if (const std::string_view asked = request.header("access-control-request-headers"); !asked.empty()) {
    answer.emplace_back("Vary", "Access-Control-Request-Headers");
    if (is_header_value(asked)) {
      answer.emplace_back("Access-Control-Allow-Headers", asked);
    }
  }
  exchange.respond(204, answer, {});
  return true;
}

void EngineAnswers::refuse(HttpExchange& exchange, EngineError error, std::string_view message) const {
  if (message.empty()) {
    message = messages[static_cast<std::size_t>(error)];
  }
  if (exchange.request().upgrade) {
    refuse_upgrade(exchange, message, {});
    return;
  }
  Buffer body;
  body.append(std::string_view("{\"code\":"));
  js_number::append(body, std::uint64_t{static_cast<std::uint8_t>(error)});
  body.append(std::string_view(",\"message\":"));
  transcode::append_json_string(body, message);
  body.push_back('}');
  exchange.respond(error == EngineError::forbidden ? 403 : 400, headers(exchange, "application/json"), body.bytes());
}

void EngineAnswers::refuse_websocket(HttpExchange& exchange, std::string_view message) const {
  refuse_upgrade(exchange, message, "Sec-WebSocket-Version: 13\r\n");
}

void EngineAnswers::empty(HttpExchange& exchange, int status) const { exchange.respond(status, headers(exchange, {}), {}); }

void EngineAnswers::ok(HttpExchange& exchange) const {
  Headers answer = headers(exchange, "text/html");
  answer.emplace_back("cache-control", "no-store");
  exchange.respond(200, answer, as_bytes("ok"));
}

void EngineAnswers::payload(HttpExchange& exchange, const Body& body) const {
  Headers answer = headers(exchange, body.content_type);
  answer.emplace_back("cache-control", "no-store");
  if (!body.cookie.empty()) {
    answer.emplace_back("Set-Cookie", "io=" + std::string(body.cookie) + "; Path=/; HttpOnly; SameSite=Lax");
  }
  if (options_.http_compression && body.compress && body.bytes.size() >= options_.compression_threshold) {
    const auto encoding = content_encoding::choose(exchange.request().header("accept-encoding"));
    if (Buffer packed;
        encoding != content_encoding::Encoding::identity && content_encoding::encode(packed, body.bytes, encoding)) {
      answer.emplace_back("Content-Encoding", content_encoding::name_of(encoding));
      exchange.respond(200, answer, packed.bytes());
      return;
    }
  }
  exchange.respond(200, answer, body.bytes);
}

}  // namespace socketio::server
