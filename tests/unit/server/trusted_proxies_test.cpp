// The client's address behind proxies, and what clients cannot make of it.

#include <doctest/doctest.h>

#include <string>

#include <socketio/common/error.hpp>

#include "http/trusted_proxies.hpp"

namespace trusted_proxies_test {

using socketio::Error;
using socketio::HttpHeaders;
using socketio::HttpRequest;
using socketio::TrustProxyOptions;
using socketio::server::IpAddress;
using socketio::server::TrustedProxies;

namespace {

/// "address" or "address secure".
std::string found(const TrustProxyOptions& options, const std::string& peer, HttpHeaders headers, std::size_t hop = 0) {
  HttpRequest request;
  request.address = peer;
  request.headers = std::move(headers);
  TrustedProxies(options).apply(request, hop);
  return request.address + (request.secure ? " secure" : "");
}

TrustProxyOptions hops(std::size_t count) {
  TrustProxyOptions options;
  options.hops = count;
  return options;
}

TrustProxyOptions addresses(std::vector<std::string> list) {
  TrustProxyOptions options;
  options.addresses = std::move(list);
  return options;
}

TrustProxyOptions forwarded(TrustProxyOptions options) {
  options.forwarded = true;
  return options;
}

}  // namespace

TEST_CASE("trust proxy: as many hops as are trusted, from the right, so that a client cannot add one") {
  const HttpHeaders headers{{"x-forwarded-for", "1.1.1.1, 2.2.2.2"}, {"x-forwarded-for", "3.3.3.3"}};
  CHECK(found(hops(0), "9.9.9.9", headers) == "9.9.9.9");
  CHECK(found(hops(1), "9.9.9.9", headers) == "3.3.3.3");
  CHECK(found(hops(2), "9.9.9.9", headers) == "2.2.2.2");
  CHECK(found(hops(3), "9.9.9.9", headers) == "1.1.1.1");
  CHECK(found(hops(9), "9.9.9.9", headers) == "1.1.1.1");
  CHECK(found(hops(1), "9.9.9.9", {}) == "9.9.9.9");
  CHECK(found(hops(1), "9.9.9.9", {{"forwarded", "for=1.1.1.1"}}) == "9.9.9.9");
}

TEST_CASE("trust proxy: addresses and networks, of both families, also of IPv4 peers that arrive as IPv6") {
  const HttpHeaders headers{{"x-forwarded-for", "6.6.6.6, 1.1.1.1, 10.2.3.4"}};
  CHECK(found(addresses({"10.0.0.0/8"}), "10.9.9.9", headers) == "1.1.1.1");
  CHECK(found(addresses({"10.0.0.0/8"}), "::ffff:10.9.9.9", headers) == "1.1.1.1");
  CHECK(found(addresses({"10.0.0.0/8"}), "11.9.9.9", headers) == "11.9.9.9");
  CHECK(found(addresses({"10.9.9.9"}), "10.9.9.9", headers) == "10.2.3.4");
  CHECK(found(addresses({"uniquelocal"}), "192.168.1.1", headers) == "1.1.1.1");
  CHECK(found(addresses({"loopback"}), "::1", headers) == "10.2.3.4");
  CHECK(found(addresses({"linklocal"}), "fe80::1", headers) == "10.2.3.4");
  CHECK(found(addresses({"2001:db8::/33"}), "2001:db8:7fff::1", headers) == "10.2.3.4");
  CHECK(found(addresses({"2001:db8::/33"}), "2001:db8:8000::1", headers) == "2001:db8:8000::1");
  CHECK(found(addresses({"0.0.0.0/0"}), "5.5.5.5", headers) == "6.6.6.6");
  CHECK(found(addresses({"0.0.0.0/0"}), "2001:db8::1", headers) == "2001:db8::1");
}

TEST_CASE("trust proxy: a function decides by address and hop, and does not trust when it throws") {
  TrustProxyOptions options;
  options.predicate = [](std::string_view address, std::size_t hop) { return hop == 0 && address == "9.9.9.9"; };
  CHECK(found(options, "9.9.9.9", {{"x-forwarded-for", "9.9.9.9, 1.1.1.1"}}) == "1.1.1.1");
  options.predicate = [](std::string_view, std::size_t) -> bool { throw 1; };
  CHECK(found(options, "9.9.9.9", {{"x-forwarded-for", "1.1.1.1"}}) == "9.9.9.9");
}

TEST_CASE("trust proxy: entries may have ports; one that is no address ends the search") {
  CHECK(found(hops(1), "9.9.9.9", {{"x-forwarded-for", "1.1.1.1:4711"}}) == "1.1.1.1");
  CHECK(found(hops(1), "9.9.9.9", {{"x-forwarded-for", "[2001:db8::1]:4711"}}) == "2001:db8::1");
  CHECK(found(hops(1), "9.9.9.9", {{"x-forwarded-for", "2001:db8::1"}}) == "2001:db8::1");
  CHECK(found(hops(1), "9.9.9.9", {{"x-forwarded-for", "::ffff:1.1.1.1"}}) == "1.1.1.1");
  for (const char* const odd : {"unknown", "", ",", "1.1.1", "1.1.1.1.1", "[::1", "[", "]", "::1::", "1.1.1.1,", "' OR 1=1"}) {
    CAPTURE(odd);
    const std::string address = found(hops(1), "9.9.9.9", {{"x-forwarded-for", odd}});
    CHECK((address == "9.9.9.9" || IpAddress::parse(address)));
  }
  CHECK(found(hops(3), "9.9.9.9", {{"x-forwarded-for", "1.1.1.1, unknown, 3.3.3.3"}}) == "3.3.3.3");
}

TEST_CASE("trust proxy: the protocol that the client used counts from the right, too") {
  CHECK(found(hops(1), "9.9.9.9", {{"x-forwarded-for", "1.1.1.1"}, {"x-forwarded-proto", "https"}}) == "1.1.1.1 secure");
  CHECK(found(hops(1), "9.9.9.9", {{"x-forwarded-for", "6.6.6.6, 1.1.1.1"}, {"x-forwarded-proto", "https, http"}}) ==
        "1.1.1.1");
  CHECK(found(hops(2), "9.9.9.9", {{"x-forwarded-for", "1.1.1.1, 2.2.2.2"}, {"x-forwarded-proto", "https, http"}}) ==
        "1.1.1.1 secure");
  CHECK(found(hops(2), "9.9.9.9", {{"x-forwarded-for", "1.1.1.1, 2.2.2.2"}, {"x-forwarded-proto", "https"}}) ==
        "1.1.1.1 secure");
  CHECK(found(hops(1), "9.9.9.9", {{"x-forwarded-proto", "https"}}) == "9.9.9.9 secure");
  CHECK(found(hops(0), "9.9.9.9", {{"x-forwarded-proto", "https"}}) == "9.9.9.9");
}

TEST_CASE("trust proxy: the header Forwarded instead, quoted or not") {
  const auto one = forwarded(hops(1));
  CHECK(found(one, "9.9.9.9", {{"forwarded", "for=6.6.6.6, for=1.1.1.1;proto=https;by=2.2.2.2"}}) == "1.1.1.1 secure");
  CHECK(found(one, "9.9.9.9", {{"forwarded", "For=\"[2001:db8::1]:80\"; Proto=http"}}) == "2001:db8::1");
  CHECK(found(one, "9.9.9.9", {{"forwarded", "for=_hidden"}}) == "9.9.9.9");
  CHECK(found(one, "9.9.9.9", {{"forwarded", "for=\"1.1.1.1, for=2.2.2.2"}}) == "9.9.9.9");
  CHECK(found(one, "9.9.9.9", {{"x-forwarded-for", "1.1.1.1"}}) == "9.9.9.9");
  CHECK(found(forwarded(hops(2)), "9.9.9.9", {{"forwarded", "for=1.1.1.1"}, {"forwarded", "for=2.2.2.2"}}) == "1.1.1.1");
}

TEST_CASE("trust proxy: behind a PROXY header the connection's address is one hop away") {
  const HttpHeaders headers{{"x-forwarded-for", "6.6.6.6"}};
  CHECK(found(hops(1), "1.1.1.1", headers, 1) == "1.1.1.1");
  CHECK(found(hops(2), "1.1.1.1", headers, 1) == "6.6.6.6");
}

TEST_CASE("trust proxy: what is no address and no network is refused, and so is a PROXY header from nobody") {
  for (const char* const text : {"", "example.org", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::1/129", "/8", "10/8"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(TrustedProxies{addresses({text})}, Error);
  }
  TrustProxyOptions options;
  options.proxy_protocol = true;
  CHECK_THROWS_AS(TrustedProxies{options}, Error);
}

}  // namespace trusted_proxies_test
