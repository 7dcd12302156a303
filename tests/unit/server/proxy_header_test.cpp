// The PROXY protocol: headers of both versions, whole and in pieces, and what is none.

#include <doctest/doctest.h>

#include <socketio/net/proxy_header.hpp>

#include <string>

namespace proxy_header_test {

using socketio::as_bytes;
using socketio::net::ProxyHeader;
using Status = ProxyHeader::Status;

namespace {

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string version_2(char command, char family, const std::string& data) {
  return signature + command + family + static_cast<char>(data.size() >> 8) + static_cast<char>(data.size() & 0xff) + data;
}

ProxyHeader read(const std::string& bytes) { return ProxyHeader::read(as_bytes(bytes)); }

}  // namespace

TEST_CASE("proxy header: both versions name the client, and what follows is left") {
  const std::string four = version_2(0x21, 0x11, std::string("\xc0\x00\x02\x01\xc6\x33\x64\x01\x00\x50\x01\xbb", 12));
  for (const std::string& header : {std::string("PROXY TCP4 192.0.2.1 198.51.100.1 80 443\r\n"), four}) {
    CAPTURE(header);
    const auto result = read(header + "GET / HTTP/1.1\r\n");
    CHECK(result.status == Status::complete);
    CHECK(result.size == header.size());
    CHECK(result.has_address);
    CHECK_FALSE(result.ipv6);
    CHECK(result.address[0] == 192);
    CHECK(result.address[3] == 1);
  }
  const std::string six = version_2(0x21, 0x21, std::string(15, '\0') + '\x01' + std::string(20, 'x') + "more data");
  for (const std::string& header : {std::string("PROXY TCP6 ::1 2001:db8::1 0 65535\r\n"), six}) {
    CAPTURE(header);
    const auto result = read(header);
    CHECK(result.status == Status::complete);
    CHECK(result.size == header.size());
    CHECK(result.ipv6);
    CHECK(result.address[15] == 1);
  }
}

TEST_CASE("proxy header: connections of the proxy itself, and of clients without an IP address, keep their address") {
  for (const std::string& header :
       {std::string("PROXY UNKNOWN\r\n"), std::string("PROXY UNKNOWN ffff::1 whatever\r\n"), version_2(0x20, 0x00, ""),
        version_2(0x20, 0x11, std::string(12, 'x')), version_2(0x21, 0x00, ""), version_2(0x21, 0x31, std::string(216, 'x'))}) {
    CAPTURE(header);
    const auto result = read(header);
    CHECK(result.status == Status::complete);
    CHECK(result.size == header.size());
    CHECK_FALSE(result.has_address);
  }
}

TEST_CASE("proxy header: every prefix of a good one is incomplete") {
  for (const std::string& header : {std::string("PROXY TCP4 192.0.2.1 198.51.100.1 80 443\r\n"),
                                    std::string("PROXY UNKNOWN\r\n"), version_2(0x21, 0x21, std::string(40, 'x'))}) {
    for (std::size_t size = 0; size < header.size(); ++size) {
      CAPTURE(size);
      REQUIRE(read(header.substr(0, size)).status == Status::incomplete);
    }
  }
}

TEST_CASE("proxy header: what is none is refused") {
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n"), std::string("P "), std::string("PROXY TCP4 192.0.2.1 198.51.100.1 80\r\n"),
        std::string("PROXY TCP4 192.0.2.1 198.51.100.1 80 443 1\r\n"),
        std::string("PROXY TCP4 192.0.2.1 198.51.100.1 80 65536\r\n"),
        std::string("PROXY TCP4 192.0.2.1 198.51.100.1 080 443\r\n"),
        std::string("PROXY TCP4 192.0.2.256 198.51.100.1 80 443\r\n"), std::string("PROXY TCP4 ::1 ::1 80 443\r\n"),
        std::string("PROXY TCP6 192.0.2.1 198.51.100.1 80 443\r\n"),
        std::string("PROXY TCP5 192.0.2.1 198.51.100.1 80 443\r\n"),
        std::string("PROXY  TCP4 192.0.2.1 198.51.100.1 80 443\r\n"), std::string("PROXY \r\n"),
        "PROXY UNKNOWN " + std::string(100, 'x'), version_2(0x11, 0x11, std::string(12, 'x')),
        version_2(0x22, 0x11, std::string(12, 'x')), version_2(0x21, 0x11, std::string(11, 'x')),
        version_2(0x21, 0x21, std::string(35, 'x')), version_2(0x21, 0x11, std::string(ProxyHeader::bytes_max, 'x'))}) {
    CAPTURE(bytes);
    CHECK(read(bytes).status == Status::malformed);
  }
}

}  // namespace proxy_header_test
