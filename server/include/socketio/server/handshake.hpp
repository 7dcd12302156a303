#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/export.hpp>
#include <socketio/protocol/value.hpp>

namespace socketio {

/// What is known of a client from its first HTTP request, and from its CONNECT packet.
///
/// Source: docs/wire_server.md, "Handshake data".
class SOCKETIO_API Handshake {
 public:
  std::vector<std::pair<std::string, std::string>> headers;  ///< lower-case names
  std::vector<std::pair<std::string, std::string>> query;    ///< decoded; of repeated names the last value
  std::string address;                                       ///< of the TCP connection: a proxy's, where there is one
  std::string url;                                           ///< path and query
  std::int64_t issued_ms = 0;                                ///< when the socket was made, in milliseconds since 1970
  bool xdomain = false;                                      ///< it came with an Origin header
  bool secure = false;                                       ///< by TLS, on the last hop
  Buffer auth_packed;                                        ///< msgpack; empty: the client sent none

  /// What the client sent as `auth`, an object. An empty object when there was none.
  [[nodiscard]] Value auth() const noexcept;
  /// Empty when it is not there. `name` in lower case.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  [[nodiscard]] std::string_view query_value(std::string_view name) const noexcept;
  /// The time in JavaScript's form: "Tue Nov 14 2023 22:13:20 GMT+0000 (Coordinated Universal Time)".
  [[nodiscard]] std::string time() const;

  /// Appends the msgpack map that other servers are given.
  void pack(Buffer& out) const;
  /// Reads such a map, whoever made it. What is missing or odd stays empty.
  [[nodiscard]] static Handshake unpack(Bytes packed);
};

}  // namespace socketio
