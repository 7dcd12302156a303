#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/cors.hpp"
#include "fuzz/check.hpp"
#include "http/http_text.hpp"
#include "http/route_path.hpp"
#include "http/trusted_proxies.hpp"

// Property: whatever the path and the headers of a request are, parameters of routes do not lead out of a folder, the client's
// address is the peer's or one that a proxy named, and CORS allows only origins that the options allow, in headers that HTTP
// allows. Lines: the path, then "name: value" of each header. Cookies and the query are read with the name that the path is.

using namespace socketio;
using namespace server;

namespace {

void check_route(std::string_view path, const char* pattern) {
  static const RoutePath one("/a/:id");
  static const RoutePath rest("/*all");
  const auto segments = split_path(path);
  if (!segments) {
    return;
  }
  FUZZ_CHECK(path.starts_with('/') && segments->size() <= segments_max);
  const auto params = (pattern[1] == 'a' ? one : rest).match(*segments);
  for (const auto& [name, value] : params.value_or(HttpHeaders())) {
    const std::string around = "/" + value + "/";
    FUZZ_CHECK(!value.empty() && value.find('\0') == std::string::npos);
    for (const char* const step : {"/../", "/./", "\\..\\", "/..\\", "\\../"}) {
      FUZZ_CHECK(around.find(step) == std::string::npos);
    }
  }
}

void check_address(HttpRequest& request, bool forwarded) {
  TrustProxyOptions options;
  options.hops = 1;
  options.addresses = {"10.0.0.0/8"};
  options.forwarded = forwarded;
  request.address = "192.0.2.1";
  TrustedProxies(options).apply(request, 0);
  FUZZ_CHECK(request.address == "192.0.2.1" || IpAddress::parse(request.address));
}

void check_cors(const HttpRequest& request) {
  CorsOptions options;
  options.origins = {"http://a", "http://b"};
  options.credentials = true;
  Headers headers;
  Cors(options).add_headers(headers, request);
  for (const auto& [name, value] : headers) {
    FUZZ_CHECK(is_header_value(value));
    FUZZ_CHECK(name != "Access-Control-Allow-Origin" || value == "http://a" || value == "http://b");
  }
  options.origin_reflected = true;
  Cors(options).add_headers(headers, request);
  FUZZ_CHECK(std::all_of(headers.begin(), headers.end(), [](const auto& header) { return is_header_value(header.second); }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = as_text({data, size});
  const auto next_line = [&rest] {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    return line;
  };
  HttpRequest request;
  request.url = next_line();
  split_target(request);
  while (!rest.empty()) {
    const std::string_view line = next_line();
    const std::size_t colon = std::min(line.find(':'), line.size());
    request.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(std::min(colon + 1, line.size()))));
  }
  check_route(request.path, "/a");
  check_route(request.path, "/*");
  check_address(request, false);
  check_address(request, true);
  check_cors(request);
  const auto cookie = request.cookie(request.path);
  FUZZ_CHECK(!cookie || cookie->size() <= size);
  static_cast<void>(request.query_value(request.path));
  return 0;
}
