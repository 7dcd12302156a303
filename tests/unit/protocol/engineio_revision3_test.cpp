#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/engineio_revision3.hpp>

namespace engineio_revision3_test {

using namespace socketio;
using namespace std::string_literals;
using engineio_revision3::Packet;
using engineio_revision3::PayloadForm;
using engineio_revision3::Type;

namespace {

struct OwnPacket {
  Type type;
  bool binary;
  std::string data;

  [[nodiscard]] Packet view() const { return {type, binary, as_bytes(data)}; }
  friend bool operator==(const OwnPacket&, const OwnPacket&) = default;
};

const std::vector<OwnPacket> mixed = {{Type::message, false, "h€llo 😀"},
                                      {Type::message, true, "\x01\x02\xff"s},
                                      {Type::pong, false, ""},
                                      {Type::message, true, ""}};
// Both are what engine.io 6.6.11 makes of `mixed`.
const std::string mixed_as_text = "9:4h€llo 😀6:b4AQL/1:32:b4";
const std::string mixed_as_binary =
    "\x00\x01\x03\xff"
    "4h€llo 😀"s +
    "\x01\x04\xff\x04\x01\x02\xff"s +
    "\x00\x01\xff"
    "3"s +
    "\x01\x01\xff\x04"s;

std::string encoded(const std::vector<OwnPacket>& packets, PayloadForm form) {
  std::vector<Packet> views;
  for (const OwnPacket& packet : packets) {
    views.push_back(packet.view());
  }
  Buffer out;
  engineio_revision3::encode_payload(out, views, form);
  return std::string(out.text());
}

struct Read {
  std::vector<OwnPacket> packets;
  std::optional<Errc> error;
};

Read read_payload(std::string_view body, PayloadForm form) {
  Buffer scratch;
  engineio_revision3::PayloadReader reader(as_bytes(body), form, scratch);
  Read read;
  Packet packet;
  while (reader.next(packet)) {
    read.packets.push_back({packet.type, packet.binary, std::string(packet.text())});
  }
  if (!reader.ok()) {
    CHECK(reader.error().offset_bytes <= body.size());
    CHECK_FALSE(reader.next(packet));
    read.error = reader.error().code;
  }
  return read;
}

}  // namespace

TEST_CASE("engineio_revision3: bodies have the reference's bytes in both forms") {
  CHECK(encoded(mixed, PayloadForm::text) == mixed_as_text);
  CHECK(encoded(mixed, PayloadForm::binary) == mixed_as_binary);
}

TEST_CASE("engineio_revision3: bodies read back in both forms") {
  for (const PayloadForm form : {PayloadForm::text, PayloadForm::binary}) {
    const Read read = read_payload(encoded(mixed, form), form);
    CHECK_FALSE(read.error.has_value());
    CHECK(read.packets == mixed);
  }
}

TEST_CASE("engineio_revision3: every prefix of a body is refused, or ends where a packet does") {
  for (const PayloadForm form : {PayloadForm::text, PayloadForm::binary}) {
    const std::string body = encoded(mixed, form);
    std::vector<std::size_t> good_sizes;
    for (std::size_t size = 0; size < body.size(); ++size) {
      const Read read = read_payload(std::string_view(body).substr(0, size), form);
      if (!read.error) {
        good_sizes.push_back(size);
      }
    }
    CHECK(good_sizes.size() == mixed.size() - 1);
  }
}

TEST_CASE("engineio_revision3: no body is truncated, and so is a length without its bytes") {
  CHECK(read_payload("", PayloadForm::text).error == Errc::truncated);
  CHECK(read_payload("", PayloadForm::binary).error == Errc::truncated);
  CHECK(read_payload("6:4hell", PayloadForm::text).error == Errc::truncated);
  CHECK(read_payload("6", PayloadForm::text).error == Errc::truncated);
  CHECK(read_payload("99999999999999999999999999999999:4", PayloadForm::text).error == Errc::truncated);
  CHECK(read_payload("\x00\x02\xff"
                     "4"s,
                     PayloadForm::binary)
            .error == Errc::truncated);
  CHECK(read_payload("\x01"s + std::string(400, '\x09') + "\xff\x04", PayloadForm::binary).error == Errc::truncated);
}

TEST_CASE("engineio_revision3: a length that is none, or that cuts a character, is bad syntax") {
  for (const std::string_view body : {"4hello", ":4", "-1:4", "1.5:4a", "1e1:4", " 1:4", "2:4\xf0\x9f\x98\x80"}) {
    CAPTURE(body);
    CHECK(read_payload(body, PayloadForm::text).error == Errc::bad_syntax);
  }
  CHECK(read_payload("\x02\x01\xff"
                     "4"s,
                     PayloadForm::binary)
            .error == Errc::bad_syntax);
  CHECK(read_payload("\x00\xff"
                     "4"s,
                     PayloadForm::binary)
            .error == Errc::bad_syntax);
  CHECK(read_payload("\x00\x0a\xff"
                     "4"s,
                     PayloadForm::binary)
            .error == Errc::bad_syntax);
}

TEST_CASE("engineio_revision3: a text body that is not UTF-8 is refused") {
  CHECK(read_payload("2:4\xff", PayloadForm::text).error == Errc::bad_utf8);
}

TEST_CASE("engineio_revision3: packets that cannot be are bad values") {
  CHECK(read_payload("1:7", PayloadForm::text).error == Errc::bad_value);
  CHECK(read_payload("6:b3AQID", PayloadForm::text).error == Errc::bad_value);
  CHECK(read_payload("\x01\x02\xff\x03\x01"s, PayloadForm::binary).error == Errc::bad_value);
  CHECK(read_payload("1:b", PayloadForm::text).error == Errc::truncated);
  CHECK(read_payload("4:b4!!", PayloadForm::text).error == Errc::bad_syntax);
}

TEST_CASE("engineio_revision3: packets of no length are skipped") {
  const Read read = read_payload("0:1:20:", PayloadForm::text);
  CHECK_FALSE(read.error.has_value());
  CHECK(read.packets == std::vector<OwnPacket>{{Type::ping, false, ""}});
}

TEST_CASE("engineio_revision3: a binary message is a frame with its type in front") {
  Buffer frame;
  engineio_revision3::encode_binary_frame(frame, as_bytes("\x01\x02"));
  CHECK(frame.text() == "\x04\x01\x02");

  const auto read = engineio_revision3::decode_binary_frame(frame.bytes());
  REQUIRE(read.ok());
  CHECK(read->binary);
  CHECK(read->text() == "\x01\x02");
  CHECK(engineio_revision3::decode_binary_frame({}).error().code == Errc::truncated);
  CHECK(engineio_revision3::decode_binary_frame(as_bytes("\x02probe")).error().code == Errc::bad_value);
}

}  // namespace engineio_revision3_test
