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

/// Data of a client from its first HTTP request, and from its CONNECT packet.
///
/// Source: docs/wire_server.md, "Handshake data".
class SOCKETIO_API Handshake {
 public:
  std::vector<std::pair<std::string, std::string>> headers;  ///< lower-case names
  std::vector<std::pair<std::string, std::string>> query;    ///< decoded; the last value of repeated names
  std::string address;                                       ///< of the client: see HttpOptions::trust_proxy
  std::string url;                                           ///< path and query
  std::int64_t issued_ms = 0;                                ///< when the socket was made, in milliseconds since 1970
  bool xdomain = false;                                      ///< the request has an Origin header
  bool secure = false;                                       ///< the client's connection uses TLS: see trust_proxy
  Buffer auth_packed;                                        ///< msgpack; empty: the client sent none

  /// The client's `auth`, an object. An empty object when it sent none.
  [[nodiscard]] Value auth() const noexcept;
  /// Value of a header; empty when it is missing. `name` in lower case.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  [[nodiscard]] std::string_view query_value(std::string_view name) const noexcept;
  /// The time in JavaScript's form: "Tue Nov 14 2023 22:13:20 GMT+0000 (Coordinated Universal Time)".
  [[nodiscard]] std::string time() const;

  /// Appends the msgpack map that is sent to other servers.
  void pack(Buffer& out) const;
  /// Decodes such a map of any origin. Members that are missing or malformed stay empty.
  [[nodiscard]] static Handshake unpack(Bytes packed);
};

}  // namespace socketio
