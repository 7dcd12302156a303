#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/server/http_options.hpp>
#include <socketio/server/http_request.hpp>

namespace socketio::server {

/// An address of IPv4 or IPv6; one of IPv4 is kept as IPv6 has it, "::ffff:192.0.2.1".
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};

  static std::optional<IpAddress> parse(std::string_view text);
  /// An IPv4 address in its own form.
  [[nodiscard]] std::string text() const;
};

/// Finds the client's address behind the proxies that HttpOptions::trust_proxy names.
///
///   X-Forwarded-For: client, proxy 1        from the right, each entry was added by the hop right of it; the last one by the
///   Forwarded: for=client, for="[::1]:80"   TCP connection's peer
///
/// An entry that is no address ends the search: the client is then the hop that added it.
///
/// Source: docs/serving.md, "Behind a proxy".
class TrustedProxies {
 public:
  /// Throws Error(bad_option) for an address or a network that is not well formed.
  explicit TrustedProxies(const TrustProxyOptions& options);

  [[nodiscard]] bool any() const noexcept { return any_; }
  [[nodiscard]] bool trusts(std::string_view address, std::size_t hop) const;
  /// Sets address and secure of `request` to those of the client. `hop`  number of hops that request.address is away: 1 when a
  /// PROXY header has replaced the address of the connection.
  void apply(HttpRequest& request, std::size_t hop) const;

 private:
  struct Network {
    IpAddress address;
    unsigned bits;
  };

  void add(std::string_view text);

  std::size_t hops_;
  bool any_;
  bool forwarded_;
  std::vector<Network> networks_;
  std::function<bool(std::string_view, std::size_t)> predicate_;
};

}  // namespace socketio::server
