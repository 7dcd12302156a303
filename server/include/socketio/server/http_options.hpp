#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <socketio/common/counter.hpp>

namespace socketio {

struct HttpOptions {
  std::size_t connections_max = 16'000;      ///< below the process's descriptor limit; lowered to it at start
  std::size_t header_bytes_max = 16 * 1024;  ///< request line and headers together
  std::size_t headers_max = 2'000;
  std::chrono::milliseconds header_timeout{10'000};  ///< from the first byte of a request to the end of its headers
  std::chrono::milliseconds body_timeout{30'000};
  std::chrono::milliseconds idle_timeout{5'000};  ///< keep-alive between requests
  std::string certificate_file;           ///< PEM; with key_file: https and wss
  std::string key_file;
};

struct HttpCounters {
  Counter accepted;
  Counter refused_limit;  ///< connections above connections_max
  Counter requests;
  Counter bad_requests;  ///< not HTTP, or forbidden by it
  Counter too_large;
  Counter timeouts;
};

}  // namespace socketio
