#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/socketio_packet.hpp>

#include "socketio_fixture.hpp"

namespace socketio_packet_encode_test {

using namespace socketio;
using fixture::OwnPacket;
using golden::Json;
using socketio_packet::Type;

namespace {

/// What a packet becomes: its text, and its attachments as hexadecimal.
struct Frames {
  std::string text;
  std::vector<std::string> attachments;

  friend bool operator==(const Frames&, const Frames&) = default;
};

Frames encoded(const OwnPacket& packet) {
  Buffer out;
  std::vector<Bytes> attachments;
  REQUIRE(socketio_packet::encode(out, packet.view(), attachments).ok());
  Frames frames{std::string(out.text()), {}};
  for (const Bytes attachment : attachments) {
    frames.attachments.push_back(golden::to_hex(attachment));
  }
  return frames;
}

Frames expected(const Json& frames) {
  Frames all{frames.at(0).at("text"), {}};
  for (std::size_t i = 1; i < frames.size(); ++i) {
    all.attachments.push_back(frames.at(i).at("hex"));
  }
  return all;
}

OwnPacket packet(Type type, const std::string& data, std::string nsp = "/") {
  OwnPacket packet;
  packet.type = type;
  packet.data = data;
  packet.nsp = std::move(nsp);
  return packet;
}

template <typename Encode>
std::string text_of(Encode encode) {
  Buffer out;
  encode(out);
  return std::string(out.text());
}

/// Where we do not write what JavaScript writes: integers keep all digits.
const std::array<std::string_view, 2> digits_kept = {"value-int-2p63", "value-int--2p63"};

}  // namespace

TEST_CASE("socketio_packet: every golden packet has its frames byte for byte") {
  std::size_t same = 0;
  std::size_t differing = 0;
  for (const Json& vector : golden::file("socketio-encode")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    if (vector.contains("throws")) {
      CHECK(name == "value-bigint");
      continue;
    }

    const Frames frames = encoded(OwnPacket(vector.at("packet")));

    if (std::find(digits_kept.begin(), digits_kept.end(), name) != digits_kept.end()) {
      CHECK(frames.text.find("9223372036854775808") != std::string::npos);
      ++differing;
    } else {
      CHECK(frames == expected(vector.at("frames")));
      ++same;
    }
  }
  CHECK(same == 134);
  CHECK(differing == 2);
}

TEST_CASE("socketio_packet: attachments are views into the data, also when the name had to become text") {
  Buffer data;
  pack::array_header(data, 3);
  pack::binary(data, as_bytes("file"));
  pack::binary(data, as_bytes("abc"));
  pack::binary(data, as_bytes("defg"));
  Buffer out;
  std::vector<Bytes> attachments = {Bytes()};

  REQUIRE(socketio_packet::encode(out, {Type::event, "/", 7, data.bytes()}, attachments).ok());

  CHECK(out.text() == R"(52-7["file",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  REQUIRE(attachments.size() == 2);
  CHECK(as_text(attachments[0]) == "abc");
  CHECK(as_text(attachments[1]) == "defg");
  CHECK(attachments[1].data() + 4 == data.data() + data.size());
}

TEST_CASE("socketio_packet: more than nine attachments have a count of two digits") {
  Buffer data;
  pack::array_header(data, 12);
  for (int i = 0; i < 12; ++i) {
    pack::binary(data, as_bytes("x"));
  }

  const Frames frames = encoded(packet(Type::ack, std::string(data.text())));

  CHECK(frames.text.starts_with(R"(612-[{"_placeholder":true,"num":0},)"));
  CHECK(frames.attachments.size() == 12);
}

TEST_CASE("socketio_packet: a connect_error has no attachments") {
  Buffer data;
  pack::map_header(data, 1);
  pack::text(data, "message");
  pack::binary(data, as_bytes("\x01\x02"));

  const Frames frames = encoded(packet(Type::connect_error, std::string(data.text())));

  CHECK(frames.text == R"(4{"message":{"type":"Buffer","data":[1,2]}})");
  CHECK(frames.attachments.empty());
}

TEST_CASE("socketio_packet: data that is no msgpack leaves nothing behind") {
  for (const std::string_view data : {std::string_view("\x92\xa1"
                                                       "a",
                                                       3),
                                      std::string_view("\xc1"), std::string_view("\x91\x01\x02")}) {
    Buffer out;
    out.append(std::string_view("4"));
    std::vector<Bytes> attachments;
    CHECK_FALSE(socketio_packet::encode(out, {Type::event, "/chat", 1, as_bytes(data)}, attachments).ok());
    CHECK_FALSE(socketio_packet::encode(out, {Type::connect, "/chat", {}, as_bytes(data)}, attachments).ok());
    CHECK_FALSE(socketio_packet::encode_connect_error(out, "/", "x", as_bytes(data)).ok());
    CHECK_FALSE(socketio_packet::encode_error_revision4(out, "/", "x", as_bytes(data)).ok());
    CHECK(out.text() == "4");
    CHECK(attachments.empty());
  }
}

TEST_CASE("socketio_packet: the answers to a CONNECT are the reference's") {
  using namespace socketio_packet;
  const std::string data = fixture::packed_value(Json{{"code", 401}});

  CHECK(text_of([](Buffer& out) { encode_connect(out, "/", "abc"); }) == R"(0{"sid":"abc"})");
  CHECK(text_of([](Buffer& out) { encode_connect(out, "/admin", "abc", "def"); }) == R"(0/admin,{"sid":"abc","pid":"def"})");
  CHECK(text_of([](Buffer& out) { CHECK(encode_connect_error(out, "/x", "Not \"you\"").ok()); }) ==
        R"(4/x,{"message":"Not \"you\""})");
  CHECK(text_of([&](Buffer& out) { CHECK(encode_connect_error(out, "/", "Not authorized", as_bytes(data)).ok()); }) ==
        R"(4{"message":"Not authorized","data":{"code":401}})");
  CHECK(text_of([](Buffer& out) { encode_disconnect(out, "/"); }) == "1");
  CHECK(text_of([](Buffer& out) { encode_disconnect(out, "/admin"); }) == "1/admin,");
}

TEST_CASE("socketio_packet: clients of generation 2 get their own answers") {
  using namespace socketio_packet;
  const std::string data = fixture::packed_value(Json{{"code", 401}});

  CHECK(text_of([](Buffer& out) { encode_connect_revision4(out, "/"); }) == "0");
  CHECK(text_of([](Buffer& out) { encode_connect_revision4(out, "/x"); }) == "0/x,");
  CHECK(text_of([](Buffer& out) { CHECK(encode_error_revision4(out, "/", "Not authorized").ok()); }) == R"(4"Not authorized")");
  CHECK(text_of([&](Buffer& out) { CHECK(encode_error_revision4(out, "/x", "no", as_bytes(data)).ok()); }) ==
        R"(4/x,{"code":401})");
}

TEST_CASE("socketio_packet: the namespace of a generation 2 CONNECT is split from its query") {
  const auto split = [](std::string_view nsp) {
    const auto target = socketio_packet::split_query_revision4(nsp);
    return std::string(target.nsp) + "|" + std::string(target.query);
  };
  CHECK(split("/x?token=1") == "/x|token=1");
  CHECK(split("/x") == "/x|");
  CHECK(split("/x?") == "/x|");
  CHECK(split("/?a=?&b#c?d") == "/|a=?&b");
}

TEST_CASE("socketio_packet: a member named __proto__ goes out as it came in") {
  const std::string text = R"(2["e",{"__proto__":{"a":1},"constructor":2}])";
  const socketio_packet::Limits limits;
  socketio_packet::Reassembler reassembler(limits);
  Buffer scratch;
  socketio_packet::Packet packet;
  REQUIRE(reassembler.text(text, scratch, packet) == socketio_packet::Violation::none);
  Buffer out;
  std::vector<Bytes> attachments;
  REQUIRE(socketio_packet::encode(out, packet, attachments).ok());
  CHECK(out.text() == text);
}

}  // namespace socketio_packet_encode_test
