#include "engine_answers.hpp"

#include <algorithm>

#include <socketio/common/buffer.hpp>
#include <socketio/common/error.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/transcode.hpp>

#include "http/content_encoding.hpp"
#include "http/http_text.hpp"

namespace socketio::server {
namespace {

void refuse_upgrade(HttpExchange& exchange, int status, std::string_view message, std::string_view header_line) {
  std::string raw = "HTTP/1.1 " + std::to_string(status) + " " + std::string(status_text(status)) + "\r\nConnection: close\r\n";
  raw.append(header_line).append("Content-type: text/html\r\nContent-Length: ");
  raw.append(std::to_string(message.size())).append("\r\n\r\n").append(message);
  exchange.respond_raw_and_close(raw);
}

/// The cookie's text after the id, in the order of the package `cookie`.
std::string attributes_of(const CookieOptions& cookie) {
  std::string text;
  if (cookie.max_age) {
    text.append("; Max-Age=").append(std::to_string(cookie.max_age->count()));
  }
  if (!cookie.domain.empty()) {
    text.append("; Domain=").append(cookie.domain);
  }
  if (!cookie.path.empty()) {
    text.append("; Path=").append(cookie.path);
  }
  text.append(cookie.http_only ? "; HttpOnly" : "").append(cookie.secure ? "; Secure" : "");
  switch (cookie.same_site) {
    case SameSite::lax: return text + "; SameSite=Lax";
    case SameSite::strict: return text + "; SameSite=Strict";
    case SameSite::none: return text + "; SameSite=None";
    case SameSite::unset: break;
  }
  return text;
}

}  // namespace

void check_cookie(const CookieOptions& cookie) {
  const auto is_attribute = [](std::string_view text) {
    return is_header_value(text) && text.find_first_of(";\t") == std::string_view::npos;
  };
  if (!is_header_name(cookie.name) || !is_attribute(cookie.path) || !is_attribute(cookie.domain)) {
    throw Error(ErrorCode::bad_option, "engine.cookie has a name, a path or a domain that a cookie cannot have.");
  }
}

EngineAnswers::EngineAnswers(const EngineOptions& options)
    : options_(options), cors_(options.cors), cookie_(attributes_of(options.cookie)) {}

Headers EngineAnswers::headers(const HttpExchange& exchange, std::string_view content_type) const {
  Headers headers;
  if (!content_type.empty()) {
    headers.emplace_back("Content-Type", content_type);
  }
  cors_.add_headers(headers, exchange.request());
  return headers;
}

void EngineAnswers::call_hooks(Headers& headers, const HttpRequest& request, bool is_initial) const {
  if (!options_.headers && !options_.initial_headers) {
    return;
  }
  if (is_initial && options_.initial_headers) {
    options_.initial_headers(headers, request);
  }
  if (options_.headers) {
    options_.headers(headers, request);
  }
  std::erase_if(headers,
                [](const auto& header) { return !is_header_name(header.first) || is_connection_header(header.first); });
}

void EngineAnswers::refuse(HttpExchange& exchange, const EngineRefusal& refusal) const {
  const int status = refusal.refusal.status;
  if (exchange.request().upgrade) {
    refuse_upgrade(exchange, status != 0 ? status : 400, refusal.message(), {});
    return;
  }
  Buffer body;
  body.append(std::string_view("{\"code\":"));
  js_number::append(body, std::int64_t{refusal.code()});
  body.append(std::string_view(",\"message\":"));
  transcode::append_json_string(body, refusal.message());
  body.push_back('}');
  const int usual = refusal.error == EngineError::forbidden ? 403 : 400;
  exchange.respond(status != 0 ? status : usual, headers(exchange, "application/json"), body.bytes());
}

void EngineAnswers::refuse_websocket(HttpExchange& exchange, std::string_view message) const {
  refuse_upgrade(exchange, 400, message, "Sec-WebSocket-Version: 13\r\n");
}

void EngineAnswers::empty(HttpExchange& exchange, int status) const { exchange.respond(status, headers(exchange, {}), {}); }

void EngineAnswers::ok(HttpExchange& exchange) const {
  Headers answer = headers(exchange, "text/html");
  answer.emplace_back("cache-control", "no-store");
  call_hooks(answer, exchange.request(), false);
  exchange.respond(200, answer, as_bytes("ok"));
}

void EngineAnswers::payload(HttpExchange& exchange, const Body& body) const {
  Headers answer = headers(exchange, body.content_type);
  answer.emplace_back("cache-control", "no-store");
  if (!body.opened.empty() && options_.cookie.enabled) {
    answer.emplace_back("Set-Cookie", options_.cookie.name + "=" + std::string(body.opened) + cookie_);
  }
  call_hooks(answer, exchange.request(), !body.opened.empty());
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
