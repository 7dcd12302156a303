#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/socketio_msgpack_packet.hpp>

#include "socketio_fixture.hpp"

namespace socketio_msgpack_packet_test {

using namespace socketio;
using fixture::OwnPacket;
using fixture::Type;
using fixture::Violation;
using golden::Json;

namespace {

std::string encoded(const OwnPacket& packet) {
  Buffer out;
  REQUIRE(socketio_msgpack_packet::encode(out, packet.view()).ok());
  return std::string(out.text());
}

std::string hex(std::string_view bytes) { return golden::to_hex(as_bytes(bytes)); }

template <typename Encode>
std::string hex_of(Encode encode) {
  Buffer out;
  encode(out);
  return golden::to_hex(out.bytes());
}

Violation violation_of(std::string_view message) {
  socketio_packet::Packet packet;
  return socketio_msgpack_packet::decode(as_bytes(message), packet);
}

/// A map of these members, whose values are hexadecimal msgpack.
Violation violation_of(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  Buffer out;
  pack::map_header(out, static_cast<std::uint32_t>(members.size()));
  for (const auto& [name, value] : members) {
    pack::text(out, name);
    out.append(golden::from_hex(value));
  }
  return violation_of(out.text());
}

constexpr std::string_view root = "a12f";
constexpr std::string_view event = "91a165";

/// The reference does not look at the names of events.
bool is_refused_by_us(const std::string& name) {
  return name == "event-reserved-name-not-checked" || name == "event-empty-array-not-checked";
}

std::string golden_bytes(std::string_view name) {
  return golden::vector("socketio-msgpack-encode", name).at("frames").at(0).at("hex");
}

}  // namespace

TEST_CASE("socketio_msgpack_packet: every golden packet has its bytes") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("socketio-msgpack-encode")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    OwnPacket packet(vector.at("packet"));
    // Undefined members and arguments are data here, and not absent.
    if (name == "ack-undefined-argument") {
      packet.data = std::string("\x91\xd4\x00\x00", 4);
    } else if (name == "connect-sid-pid-undefined" || name == "connect-error-data-undefined") {
      packet.data[0] = '\x82';
      packet.data += name.starts_with("connect-sid") ? std::string("\xa3pid\xd4\x00\x00", 7)
                                                     : std::string(
                                                           "\xa4"
                                                           "data\xd4\x00\x00",
                                                           8);
    }

    CHECK(hex(encoded(packet)) == golden_bytes(name));
    ++count;
  }
  CHECK(count == 11);
}

TEST_CASE("socketio_msgpack_packet: every golden message gives its packet, or a violation") {
  std::size_t good = 0;
  std::size_t refused = 0;
  for (const Json& vector : golden::file("socketio-msgpack-decode")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    const bool refuse = vector.contains("rejected") || is_refused_by_us(name);
    const auto payload = golden::payload(vector);

    socketio_packet::Packet packet;
    const Violation violation = socketio_msgpack_packet::decode(payload, packet);

    CHECK((violation != Violation::none) == refuse);
    if (!refuse) {
      CHECK(OwnPacket(packet) == OwnPacket(vector.at("packets").at(0)));
    }
    ++(refuse ? refused : good);
  }
  CHECK(good == 7);
  CHECK(refused == 12);
}

TEST_CASE("socketio_msgpack_packet: packets read back as they were") {
  for (const Type type : {Type::connect, Type::event, Type::ack, Type::connect_error}) {
    OwnPacket packet;
    packet.type = type;
    packet.nsp = "/chat?x=é";
    packet.id = type == Type::connect ? std::nullopt : std::optional<std::int64_t>(std::int64_t{1} << 53);
    const bool map = type == Type::connect || type == Type::connect_error;
    packet.data = map ? fixture::packed_value(Json{{"a", {{"$bin", "AQI="}}}}) : fixture::packed_texts({"e", "1", "2"});

    socketio_packet::Packet read;
    const std::string message = encoded(packet);
    REQUIRE(socketio_msgpack_packet::decode(as_bytes(message), read) == Violation::none);

    CHECK(OwnPacket(read) == packet);
  }
}

TEST_CASE("socketio_msgpack_packet: every prefix of a good message is bad syntax") {
  const auto whole = golden::from_hex(golden_bytes("event-binary"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(violation_of(as_text(Bytes(whole).first(size))) == Violation::bad_syntax);
  }
  CHECK(violation_of(as_text(whole)) == Violation::none);
}

TEST_CASE("socketio_msgpack_packet: dates go out in the form of notepack 2, wherever they are") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("msgpack-notepack2")) {
    if (!vector.at("name").get<std::string>().starts_with("date-")) {
      continue;
    }
    CAPTURE(vector.at("name"));
    Buffer data;
    pack::array_header(data, 3);
    pack::text(data, "e");
    golden::append_packed(data, vector.at("input"));
    golden::append_packed(data, Json{{"at", {vector.at("input")}}});
    OwnPacket packet;
    packet.data = data.text();

    const std::string date = vector.at("payload_hex");
    CHECK(hex(encoded(packet)) == "83a47479706502a46461746193a165" + date + "81a2617491" + date + "a36e7370a12f");
    ++count;
  }
  CHECK(count == 8);
}

TEST_CASE("socketio_msgpack_packet: the answers to a CONNECT are the reference's") {
  using namespace socketio_msgpack_packet;
  CHECK(hex_of([](Buffer& out) { encode_disconnect(out, "/"); }) == golden_bytes("disconnect"));
  CHECK(hex_of([](Buffer& out) { CHECK(encode_connect_error(out, "/x", "Invalid namespace").ok()); }) ==
        golden_bytes("connect-error"));

  // The reference keeps an undefined pid; clients do not see the difference.
  socketio_packet::Packet packet;
  Buffer out;
  encode_connect(out, "/", "abc");
  REQUIRE(decode(out.bytes(), packet) == Violation::none);
  CHECK(golden::to_notation(packet.data) == Json{{"sid", "abc"}});
  out.clear();
  encode_connect(out, "/a", "abc", "def");
  REQUIRE(decode(out.bytes(), packet) == Violation::none);
  CHECK(packet.nsp == "/a");
  CHECK(golden::to_notation(packet.data) == Json{{"sid", "abc"}, {"pid", "def"}});
  out.clear();
  const std::string data = fixture::packed_value(Json{{"code", 401}});
  CHECK(encode_connect_error(out, "/", "no", as_bytes(data)).ok());
  REQUIRE(decode(out.bytes(), packet) == Violation::none);
  CHECK(golden::to_notation(packet.data) == Json{{"message", "no"}, {"data", {{"code", 401}}}});
}

TEST_CASE("socketio_msgpack_packet: an event's name that is binary goes out as text") {
  Buffer data;
  pack::array_header(data, 2);
  pack::binary(data, as_bytes("e"));
  pack::binary(data, as_bytes("x"));
  OwnPacket packet;
  packet.data = data.text();

  CHECK(hex(encoded(packet)) == "83a47479706502a46461746192a165c40178a36e7370a12f");
}

TEST_CASE("socketio_msgpack_packet: data that is no msgpack leaves nothing behind") {
  for (const std::string_view data : {std::string_view("\x92\xa1"
                                                       "a",
                                                       3),
                                      std::string_view("\xc1"), std::string_view("\x91\x01\x02")}) {
    Buffer out;
    out.append(std::string_view("x"));
    CHECK_FALSE(socketio_msgpack_packet::encode(out, {Type::event, "/", {}, as_bytes(data)}).ok());
    CHECK_FALSE(socketio_msgpack_packet::encode_connect_error(out, "/", "no", as_bytes(data)).ok());
    CHECK(out.text() == "x");
  }
}

TEST_CASE("socketio_msgpack_packet: types that are none") {
  CHECK(violation_of({{"nsp", root}, {"data", event}}) == Violation::bad_type);
  for (const std::string_view type :
       {"05", "06", "ff", "a132", "c0", "c3", "9102", "cb4004000000000000", "cfffffffffffffffff"}) {
    CAPTURE(type);
    CHECK(violation_of({{"type", type}, {"nsp", root}, {"data", event}}) == Violation::bad_type);
  }
  CHECK(violation_of({{"type", "cb4000000000000000"}, {"nsp", root}, {"data", event}}) == Violation::none);
}

TEST_CASE("socketio_msgpack_packet: namespaces that are none") {
  CHECK(violation_of({{"type", "02"}, {"data", event}}) == Violation::bad_namespace);
  for (const std::string_view nsp : {"c0", "01", "c4012f", "912f", "a1ff"}) {
    CAPTURE(nsp);
    CHECK(violation_of({{"type", "02"}, {"nsp", nsp}, {"data", event}}) == Violation::bad_namespace);
  }
}

TEST_CASE("socketio_msgpack_packet: ids that are none") {
  for (const std::string_view id :
       {"c0", "cb3ff8000000000000", "a131", "c2", "90", "cf0020000000000001", "cfffffffffffffffff", "cb7ff0000000000000"}) {
    CAPTURE(id);
    CHECK(violation_of({{"type", "02"}, {"nsp", root}, {"data", event}, {"id", id}}) == Violation::bad_id);
  }
  CHECK(violation_of({{"type", "02"}, {"nsp", root}, {"data", event}, {"id", "cf0020000000000000"}}) == Violation::none);
  CHECK(violation_of({{"type", "02"}, {"nsp", root}, {"data", event}, {"id", "ff"}}) == Violation::none);
}

TEST_CASE("socketio_msgpack_packet: payloads that their type does not have") {
  const auto violation = [](std::string_view type, std::string_view data) {
    return violation_of({{"type", type}, {"nsp", root}, {"data", data}});
  };
  for (const std::string_view data : {"c0", "90", "a178", "01", "c40100", "d7000000000000000000"}) {
    CAPTURE(data);
    CHECK(violation("00", data) == Violation::bad_payload);
  }
  CHECK(violation("01", "80") == Violation::bad_payload);
  CHECK(violation("03", "80") == Violation::bad_payload);
  CHECK(violation("04", "90") == Violation::bad_payload);
  for (const std::string_view data : {"80", "90", "91c0", "9180", "91c3", "91c40165", "d40000"}) {
    CAPTURE(data);
    CHECK(violation("02", data) == Violation::bad_payload);
  }
  CHECK(violation_of({{"type", "02"}, {"nsp", root}}) == Violation::bad_payload);
  CHECK(violation_of({{"type", "03"}, {"nsp", root}}) == Violation::bad_payload);
  CHECK(violation("04", "a178") == Violation::none);
}

TEST_CASE("socketio_msgpack_packet: event names that are the library's own") {
  CHECK(violation_of({{"type", "02"}, {"nsp", root}, {"data", "91a7636f6e6e656374"}}) == Violation::reserved_event);
  CHECK(violation_of({{"type", "03"}, {"nsp", root}, {"data", "91a7636f6e6e656374"}}) == Violation::none);
}

TEST_CASE("socketio_msgpack_packet: nesting has a limit") {
  const auto nested = [](std::size_t depth) {
    std::string data = "92a165";
    for (std::size_t i = 1; i < depth; ++i) {
      data += "91";
    }
    return data + "90";
  };
  CHECK(violation_of({{"type", "02"}, {"nsp", root}, {"data", nested(511)}}) == Violation::none);
  CHECK(violation_of({{"type", "02"}, {"nsp", root}, {"data", nested(512)}}) == Violation::too_deep);
  CHECK(violation_of({{"type", "02"}, {"nsp", root}, {"x", nested(512)}}) == Violation::too_deep);
}

TEST_CASE("socketio_msgpack_packet: unknown members are skipped, and the last of repeated ones counts") {
  CHECK(
      violation_of(
          {{"type", "02"}, {"nsp", root}, {"x", "81c0c0"}, {"data", "c0"}, {"data", event}, {"id", "01"}, {"id", "d40000"}}) ==
      Violation::none);
  CHECK(violation_of({{"type", "02"}, {"nsp", root}, {"data", event}, {"data", "c0"}}) == Violation::bad_payload);
}

}  // namespace socketio_msgpack_packet_test
