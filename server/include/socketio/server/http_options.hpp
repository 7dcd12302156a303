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

/// Proxies whose word about the client counts. From the TCP connection's peer, which is hop 0, the headers are followed as long
/// as each address is trusted; the first address that is not is the client's. So a client cannot choose its address.
struct TrustProxyOptions {
  std::size_t hops = 0;  ///< this many proxies, whatever their addresses
  /// Addresses and networks: "10.0.0.0/8", "::1", or "loopback", "linklocal", "uniquelocal".
  std::vector<std::string> addresses = {};
  /// In addition; called on any of the server's threads.
  std::function<bool(std::string_view address, std::size_t hop)> predicate = {};
  bool forwarded = false;       ///< reads the header Forwarded (RFC 7239), not X-Forwarded-For and X-Forwarded-Proto
  bool proxy_protocol = false;  ///< trusted peers begin each connection with a PROXY header, version 1 or 2
};

struct HttpOptions {
  std::size_t connections_max = 16'000;      ///< below the process's descriptor limit; lowered to it at start
  std::size_t header_bytes_max = 16 * 1024;  ///< request line and headers together
  std::size_t headers_max = 2'000;
  std::chrono::milliseconds header_timeout{10'000};  ///< from the first byte of a request to the end of its headers
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds idle_timeout{5'000};  ///< keep-alive between requests
  std::string certificate_file;                   ///< PEM; with key_file: https and wss
  std::string key_file;
  TrustProxyOptions trust_proxy;

  std::size_t body_bytes_max = 1'000'000;            ///< of a request to a route
  std::chrono::milliseconds answer_timeout{60'000};  ///< for a route or a hook to respond or continue; then the client gets 503
  /// Requests that wait for a route or a hook, for each thread; further ones get 503.
  std::size_t answers_max = 10'000;
};

struct HttpCounters {
  Counter accepted;
  Counter refused_limit;  ///< connections above connections_max
  Counter requests;
  Counter bad_requests;  ///< not HTTP, or forbidden by it
  Counter too_large;
  Counter timeouts;
  Counter bad_proxy_headers;  ///< connections of trusted proxies without a valid PROXY header; closed
};

/// Requests to routes, and of hooks.
struct RouteCounters {
  Counter requests;            ///< passed to the handler of a route
  Counter not_found;           ///< 404
  Counter method_not_allowed;  ///< 405
  Counter bodies_too_large;    ///< 413, above body_bytes_max
  Counter answers_timed_out;   ///< 503: no response within answer_timeout
  Counter answers_missing;     ///< 500: a handler threw, or its last HttpResponse was destroyed without a response
  Counter answers_refused;     ///< 503, because of answers_max
};

}  // namespace socketio
