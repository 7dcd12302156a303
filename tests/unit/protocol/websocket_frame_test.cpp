#include <string>

#include <doctest/doctest.h>

#include <socketio/protocol/websocket_frame.hpp>

#include "support/golden.hpp"

namespace websocket_frame_test {

using namespace socketio;
using namespace websocket_frame;

namespace {

template <typename Encode>
std::string hex_of(Encode encode_to) {
  Buffer out;
  encode_to(out);
  return golden::to_hex(out.bytes());
}

std::string hex_of_header(std::size_t payload_size) {
  const std::string payload(payload_size, 'x');
  const std::string hex = hex_of([&](Buffer& out) { encode(out, Opcode::binary, as_bytes(payload)); });
  CHECK(hex.size() == 2 * (header_size(payload_size) + payload_size));
  return hex.substr(0, 2 * header_size(payload_size));
}

}  // namespace

TEST_CASE("websocket_frame: frames are those of RFC 6455, section 5.7") {
  const Mask mask = {0x37, 0xfa, 0x21, 0x3d};
  CHECK(hex_of([](Buffer& out) { encode(out, Opcode::text, as_bytes("Hello")); }) == "810548656c6c6f");
  CHECK(hex_of([&](Buffer& out) {
          encode_masked(out, {Opcode::text, true, false, mask}, as_bytes("Hello"));
        }) == "818537fa213d7f9f4d5158");
  CHECK(hex_of([&](Buffer& out) {
          encode_masked(out, {Opcode::text, false, false, mask}, as_bytes("Hel"));
        }) == "018337fa213d7f9f4d");
  CHECK(hex_of([](Buffer& out) { encode(out, Opcode::ping, as_bytes("Hello")); }) == "890548656c6c6f");
  CHECK(hex_of_header(256) == "827e0100");
  CHECK(hex_of_header(65536) == "827f0000000000010000");
}

TEST_CASE("websocket_frame: a length takes the fewest bytes") {
  CHECK(hex_of_header(0) == "8200");
  CHECK(hex_of_header(125) == "827d");
  CHECK(hex_of_header(126) == "827e007e");
  CHECK(hex_of_header(65535) == "827effff");
}

TEST_CASE("websocket_frame: a compressed message says so") {
  CHECK(hex_of([](Buffer& out) { encode(out, Opcode::text, as_bytes("x"), true); }) == "c10178");
}

TEST_CASE("websocket_frame: a header may be written when the payload is there already") {
  std::uint8_t frame[header_size_max + 300] = {};
  const std::size_t size = header_size(300);
  write_header(frame + header_size_max - size, Opcode::text, 300);
  CHECK(golden::to_hex({frame + header_size_max - size, size}) == "817e012c");
}

TEST_CASE("websocket_frame: close frames") {
  CHECK(hex_of([](Buffer& out) { encode_close(out); }) == "8800");
  CHECK(hex_of([](Buffer& out) { encode_close(out, CloseCode::too_large); }) == "880203f1");
  CHECK(hex_of([](Buffer& out) { encode_close(out, CloseCode::normal, "bye"); }) == "880503e8627965");
}

TEST_CASE("websocket_frame: a reason that is too long loses whole characters") {
  std::string reason(reason_bytes_max - 1, 'x');
  Buffer out;
  encode_close(out, CloseCode::normal, reason + "é");
  CHECK(out.text().substr(4) == reason);

  reason += "xx";
  out.clear();
  encode_close(out, CloseCode::normal, reason);
  CHECK(out.text().substr(4) == reason.substr(0, reason_bytes_max));
}

TEST_CASE("websocket_frame: the accept value is that of RFC 6455, section 1.3") {
  Buffer out;
  append_accept(out, "dGhlIHNhbXBsZSBub25jZQ==");
  CHECK(out.text() == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("websocket_frame: a key is base64 of 16 bytes") {
  CHECK(is_valid_key("dGhlIHNhbXBsZSBub25jZQ=="));
  for (const std::string_view key :
       {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQQ=", "dGhlIHNhbXBsZSBub25jZQQQ",
        "dGhlIHNhbXBsZSBub25j Q==", "dGhlIHNhbXBsZSBub25j_Q==", "dGhlIHNhbXBsZSBub25jZQ==\n", "dGhlIHNhbXBsZSBub25jZGhlIHM="}) {
    CAPTURE(key);
    CHECK_FALSE(is_valid_key(key));
  }
}

}  // namespace websocket_frame_test
