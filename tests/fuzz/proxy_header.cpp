#include <cstddef>
#include <cstdint>

#include <socketio/net/proxy_header.hpp>

#include "fuzz/check.hpp"

// Property: a PROXY header is read the same whatever follows it, every prefix of it is incomplete, and no more than its limit
// is waited for.

using namespace socketio;
using net::ProxyHeader;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  const ProxyHeader whole = ProxyHeader::read(bytes);
  if (whole.status == ProxyHeader::Status::incomplete) {
    FUZZ_CHECK(size < ProxyHeader::bytes_max);
    return 0;
  }
  if (whole.status == ProxyHeader::Status::malformed) {
    return 0;
  }
  FUZZ_CHECK(whole.size != 0 && whole.size <= size && whole.size <= ProxyHeader::bytes_max);
  const ProxyHeader alone = ProxyHeader::read(bytes.first(whole.size));
  FUZZ_CHECK(alone.status == ProxyHeader::Status::complete && alone.size == whole.size);
  FUZZ_CHECK(alone.has_address == whole.has_address && alone.ipv6 == whole.ipv6 && alone.address == whole.address);
  for (std::size_t part = 0; part < whole.size; ++part) {
    FUZZ_CHECK(ProxyHeader::read(bytes.first(part)).status == ProxyHeader::Status::incomplete);
  }
  return 0;
}
