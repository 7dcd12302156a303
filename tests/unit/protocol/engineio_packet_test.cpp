#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/engineio_packet.hpp>

#include "support/golden.hpp"

namespace engineio_packet_test {

using namespace socketio;
using engineio_packet::Packet;
using engineio_packet::Type;
using golden::Json;

namespace {

constexpr std::string_view type_names[] = {"open", "close", "ping", "pong", "message", "upgrade", "noop"};

/// A packet and its bytes, from the golden notation.
struct OwnPacket {
  Type type = Type::message;
  bool binary = false;
  std::string data;

  explicit OwnPacket(const Packet& packet) : type(packet.type), binary(packet.binary), data(packet.text()) {}
  explicit OwnPacket(const Json& packet) {
    const auto name = std::find(std::begin(type_names), std::end(type_names), packet.at("type").get<std::string>());
    REQUIRE(name != std::end(type_names));
    type = static_cast<Type>(name - std::begin(type_names));
    if (packet.contains("data") && packet.at("data").is_object()) {
      binary = true;
      Buffer packed;
      golden::append_packed(packed, packet.at("data"));
      data = packed.text().substr(2);  // behind c4 and the size
    } else if (packet.contains("data")) {
      data = packet.at("data");
    }
  }

  [[nodiscard]] Packet view() const { return {type, binary, as_bytes(data)}; }
  friend bool operator==(const OwnPacket&, const OwnPacket&) = default;
};

/// All packets of a body, and whether it was good to its end.
struct Read {
  std::vector<OwnPacket> packets;
  std::optional<DecodeError> error;
};

Read read_payload(std::string_view body) {
  Buffer scratch;
  engineio_packet::PayloadReader reader(body, scratch);
  Read read;
  Packet packet;
  while (reader.next(packet)) {
    read.packets.emplace_back(packet);
  }
  if (!reader.ok()) {
    read.error = reader.error();
  }
  return read;
}

std::string encoded_payload(const std::vector<OwnPacket>& packets) {
  std::vector<Packet> views;
  for (const OwnPacket& packet : packets) {
    views.push_back(packet.view());
  }
  Buffer out;
  engineio_packet::encode_payload(out, views);
  return std::string(out.text());
}

Errc refusal(std::string_view text) {
  Buffer scratch;
  const auto result = engineio_packet::decode(text, scratch);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().offset_bytes <= text.size());
  return result.error().code;
}

}  // namespace

TEST_CASE("engineio_packet: every golden packet has its bytes in both transports, and reads back") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("engineio-encode")) {
    CAPTURE(vector.at("name"));
    const OwnPacket packet(vector.at("packet"));

    Buffer text;
    engineio_packet::encode(text, packet.view());

    CHECK(text.text() == vector.at("polling").at("text").get<std::string>());
    if (packet.binary) {
      CHECK(golden::to_hex(as_bytes(packet.data)) == vector.at("websocket").at("hex").get<std::string>());
    } else {
      CHECK(text.text() == vector.at("websocket").at("text").get<std::string>());
    }
    Buffer scratch;
    const auto read = engineio_packet::decode(text.text(), scratch);
    REQUIRE(read.ok());
    CHECK(OwnPacket(read.value()) == packet);
    ++count;
  }
  CHECK(count == 16);
}

TEST_CASE("engineio_packet: every golden polling body is written byte for byte") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("engineio-payload-encode")) {
    CAPTURE(vector.at("name"));
    std::vector<OwnPacket> packets;
    for (const Json& packet : vector.at("packets")) {
      packets.emplace_back(packet);
    }

    CHECK(encoded_payload(packets) == vector.at("text").get<std::string>());
    ++count;
  }
  CHECK(count == 4);
}

TEST_CASE("engineio_packet: every golden polling body reads as in JavaScript, but garbage in base64 is an error") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("engineio-payload-decode")) {
    CAPTURE(vector.at("name"));
    std::vector<OwnPacket> expected;
    bool good = true;
    for (const Json& packet : vector.at("packets")) {
      packet.at("type") == "error" ? void(good = false) : void(expected.emplace_back(packet));
    }
    if (vector.at("name") == "binary-garbage") {
      good = false;
      expected.clear();
    }

    const Read read = read_payload(vector.at("text").get<std::string>());

    CHECK(read.packets == expected);
    CHECK(read.error.has_value() == !good);
    ++count;
  }
  CHECK(count == 17);
}

TEST_CASE("engineio_packet: a body of all types of packets reads back") {
  std::vector<OwnPacket> packets;
  for (const std::string_view name : type_names) {
    packets.emplace_back(Json{{"type", name}, {"data", "data of " + std::string(name)}});
    packets.emplace_back(Packet{Type::message, true, as_bytes(name)});
  }

  const Read read = read_payload(encoded_payload(packets));

  CHECK_FALSE(read.error.has_value());
  CHECK(read.packets == packets);
}

TEST_CASE("engineio_packet: every prefix of a body is refused, or holds the packets up to there") {
  const std::string body =
      "4hello\x1e"
      "bAQIDBAUG\x1e"
      "2";
  for (std::size_t size = 0; size < body.size(); ++size) {
    CAPTURE(size);
    const Read whole = read_payload(body);
    const Read read = read_payload(body.substr(0, size));
    if (!read.error) {
      // A prefix of a text is a text, and of base64 often base64: all but the last packet are right.
      REQUIRE_FALSE(read.packets.empty());
    }
    for (std::size_t i = 0; i + 1 < read.packets.size(); ++i) {
      CHECK(read.packets[i] == whole.packets[i]);
    }
  }
}

TEST_CASE("engineio_packet: nothing at all is truncated") { CHECK(refusal("") == Errc::truncated); }

TEST_CASE("engineio_packet: an unknown type is a bad value") {
  for (const std::string_view text : {"7", "9x", "a", " 4", "B", "\x1e"}) {
    CAPTURE(text);
    CHECK(refusal(text) == Errc::bad_value);
  }
}

TEST_CASE("engineio_packet: what is not base64 is bad syntax") {
  for (const std::string_view text :
       {"b!!!!", "bA", "bAQI=AQ==", "bAQ=", "b=", "b====", "bAQID ", "bAQID\n", "bA===", "bAQIDB"}) {
    CAPTURE(text);
    CHECK(refusal(text) == Errc::bad_syntax);
  }
}

TEST_CASE("engineio_packet: an error in a body tells where in the body") {
  const Read read = read_payload(
      "4a\x1e"
      "b!!!!\x1e"
      "4b");

  REQUIRE(read.error.has_value());
  CHECK(read.error->code == Errc::bad_syntax);
  CHECK(read.error->offset_bytes == 4);
  CHECK(read.packets.size() == 1);
}

TEST_CASE("engineio_packet: base64 of every length and byte reads back, padded or not, in both alphabets") {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    bytes.push_back(static_cast<char>(i * 7));
    Buffer text;
    engineio_packet::encode(text, {Type::message, true, as_bytes(bytes)});
    std::string url(text.text());
    url.erase(url.find_last_not_of('=') + 1);
    std::replace(url.begin(), url.end(), '+', '-');
    std::replace(url.begin(), url.end(), '/', '_');
    for (const std::string& form : {std::string(text.text()), url}) {
      Buffer scratch;
      const auto read = engineio_packet::decode(form, scratch);
      REQUIRE(read.ok());
      CHECK(read->text() == bytes);
    }
  }
}

TEST_CASE("engineio_packet: the open packet is the reference's") {
  Buffer out;
  engineio_packet::encode_open(out, {.sid = "ogiorSN0D0p9c-n2AAAB",
                                     .upgradable = true,
                                     .ping_interval_ms = 25'000,
                                     .ping_timeout_ms = 20'000,
                                     .payload_bytes_max = 1'000'000});
  CHECK(
      out.text() ==
      R"(0{"sid":"ogiorSN0D0p9c-n2AAAB","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");

  out.clear();
  engineio_packet::encode_open(out, {"x", false, 1, 2, 3});
  CHECK(out.text() == R"(0{"sid":"x","upgrades":[],"pingInterval":1,"pingTimeout":2,"maxPayload":3})");
}

}  // namespace engineio_packet_test
