#include "cors.hpp"

#include <algorithm>
#include <vector>

#include <socketio/common/error.hpp>

#include "http/http_text.hpp"

namespace socketio::server {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) {
    all.append(all.empty() ? "" : ",").append(text);
  }
  return all;
}

}  // namespace

void check_cors(const CorsOptions& cors) {
  bool good = cors.preflight_status >= 200 && cors.preflight_status <= 299;
  for (const auto* const texts : {&cors.origins, &cors.methods, &cors.allowed_headers, &cors.exposed_headers}) {
    good = good && std::all_of(texts->begin(), texts->end(), [](const std::string& text) { return is_header_value(text); });
  }
  if (!good) {
    throw Error(ErrorCode::bad_option, "engine.cors has a text that a header cannot have, or a status that is not 200 to 299.");
  }
}

Cors::Cors(const CorsOptions& options)
    : options_(options),
      on_(!options.origins.empty() || options.origin_reflected || options.origin_allowed),
      methods_(joined(options.methods)),
      allowed_headers_(joined(options.allowed_headers)),
      exposed_headers_(joined(options.exposed_headers)) {}

bool Cors::add_origin(Headers& headers, const HttpRequest& request) const {
  const std::string_view origin = request.header("origin");
  const auto& origins = options_.origins;
  bool allowed = options_.origin_reflected || std::find(origins.begin(), origins.end(), origin) != origins.end();
  bool known = true;
  if (!allowed && options_.origin_allowed) {
    allowed = options_.origin_allowed(origin);
    known = allowed || !origins.empty();
  }
  if (!options_.origin_reflected && origins.size() == 1 && !options_.origin_allowed) {
    headers.emplace_back("Access-Control-Allow-Origin", origins.front());  // whatever asks
    if (origins.front() == "*") {
      return true;
    }
  } else if (allowed && !origin.empty() && is_header_value(origin)) {
    headers.emplace_back("Access-Control-Allow-Origin", origin);
  }
  headers.emplace_back("Vary", "Origin");
  return known;
}

void Cors::add_others(Headers& headers) const {
  if (options_.credentials) {
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
  }
  if (!exposed_headers_.empty()) {
    headers.emplace_back("Access-Control-Expose-Headers", exposed_headers_);
  }
}

void Cors::add_headers(Headers& headers, const HttpRequest& request) const {
  if (on_ && add_origin(headers, request)) {
    add_others(headers);
  }
}

bool Cors::preflight(HttpExchange& exchange) const {
  const HttpRequest& request = exchange.request();
  Headers answer;
  if (!on_ || request.method != "OPTIONS" || !add_origin(answer, request)) {
    return false;
  }
  add_others(answer);
  answer.emplace_back("Access-Control-Allow-Methods", methods_);
  if (!allowed_headers_.empty()) {
    answer.emplace_back("Access-Control-Allow-Headers", allowed_headers_);
  } else {
    answer.emplace_back("Vary", "Access-Control-Request-Headers");
    const std::string_view asked = request.header("access-control-request-headers");
    if (!asked.empty() && is_header_value(asked)) {
      answer.emplace_back("Access-Control-Allow-Headers", asked);
    }
  }
  if (options_.max_age) {
    answer.emplace_back("Access-Control-Max-Age", std::to_string(options_.max_age->count()));
  }
  exchange.respond(options_.preflight_status, answer, {});
  return true;
}

}  // namespace socketio::server
