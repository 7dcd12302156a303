#pragma once

#include <cstdint>
#include <string>

#include <socketio/net/stream.hpp>

namespace socketio::redis {

/// A sentence for people: why the connection could not be made, or was lost, and what to do.
///
/// `who`         begins the sentence: "Redis at redis://host:6379"
/// `timeout_ms`  Options::connect_timeout
/// `url_kind`    part of the URL after redis or rediss: "+sentinel"
[[nodiscard]] std::string describe(const net::StreamError& error, const std::string& who, std::uint32_t timeout_ms,
                                   const std::string& url_kind);

}  // namespace socketio::redis
