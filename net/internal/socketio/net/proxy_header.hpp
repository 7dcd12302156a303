#pragma once

// For the library's own folders; not installed.

#include <array>
#include <cstddef>
#include <cstdint>

#include <socketio/common/bytes.hpp>

namespace socketio::net {

/// The header that a proxy sends at the beginning of a connection, before TLS and HTTP, with the address of its client.
///
///   version 1   PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 CR LF        also TCP6 and UNKNOWN
///   version 2   12 bytes that no other protocol begins with, version and command, family, length, addresses, more
///
/// Source: the PROXY protocol of HAProxy, versions 1 and 2.
struct ProxyHeader {
  enum class Status : std::uint8_t { incomplete, complete, malformed };
  Status status = Status::incomplete;
  std::size_t size = 0;  ///< bytes of a complete one
  /// False when the connection is the proxy's own (a health check), or the client has no IP address.
  bool has_address = false;
  bool ipv6 = false;
  std::array<std::uint8_t, 16> address{};  ///< of the client; the first four bytes for IPv4

  /// Longest header that is accepted: version 2 may have more data than addresses.
  static constexpr std::size_t bytes_max = 2'048;
  /// `bytes`  all that has arrived. Ports and the receiver's address are checked, and not returned.
  static ProxyHeader read(Bytes bytes) noexcept;
};

}  // namespace socketio::net
