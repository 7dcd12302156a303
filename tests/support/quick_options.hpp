#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <socketio/redis/options.hpp>

namespace support {

/// Options for Redis at this URL with short delays between attempts to connect.
inline socketio::redis::Options quick(const std::string& url, std::uint32_t backoff_max_ms = 20) {
  socketio::redis::Options options = socketio::redis::parse_url(url);
  options.backoff_min = std::chrono::milliseconds(2);
  options.backoff_max = std::chrono::milliseconds(backoff_max_ms);
  return options;
}

}  // namespace support
