#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/pack.hpp>

#include "classic_fixture.hpp"

namespace broadcast_test {

using namespace socketio;
using golden::Json;

namespace {

/// A message with the given packet and options, all in hexadecimal.
std::vector<std::uint8_t> message(const std::string& packet, const std::string& options = "80") {
  return fixture::bytes("93 a158" + packet + options);
}

/// A packet with the given data, in hexadecimal.
std::string packet(const std::string& data) { return "83 a474797065 02 a464617461" + data + "a36e7370 a12f"; }

broadcast::View decoded(Bytes payload) {
  auto result = broadcast::decode(payload);
  REQUIRE(result.ok());
  return std::move(result).value();
}

Errc refusal(Bytes payload) {
  const auto result = broadcast::decode(payload);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().offset_bytes <= payload.size());
  return result.error().code;
}

/// The bytes of a vector's broadcast, encoded by us.
std::string encoded(const Json& vector, broadcast::OptionsOrder order) {
  const auto rooms = fixture::rooms(vector, "rooms");
  const auto except = fixture::rooms(vector, "except");
  const std::string uid = fixture::text(vector, "uid", "emitter");
  const std::string nsp = fixture::text(vector, "nsp", "/");
  const Buffer data = fixture::packed(vector.at("args"));
  Buffer out;
  broadcast::encode(out, {.uid = uid,
                          .nsp = nsp,
                          .data = data.bytes(),
                          .rooms = rooms,
                          .except = except,
                          .flags = fixture::flags(vector, "flags"),
                          .id = std::nullopt,
                          .order = order});
  return golden::to_hex(out.bytes());
}

/// The same vector as if its operation had been written with plain rooms and flags.
Json spelled_out(Json vector) {
  const std::string op = vector.at("op");
  if (vector.contains("sid")) {
    vector["except"] = Json::array({vector.at("sid")});
  }
  if (vector.contains("remote_sid")) {
    vector["rooms"] = Json::array({vector.at("remote_sid")});
    vector["flags"] = {{"expectSingleResponse", true}};
  }
  if (op.find("to(room1)") != std::string::npos) {
    vector["rooms"] = {"room1"};
  }
  if (op.find("volatile") != std::string::npos) {
    vector["flags"] = {{"volatile", true}};
  }
  return vector;
}

bool is_published_broadcast(const Json& vector) {
  return vector.contains("channel") && vector.at("encoding") == "msgpack" &&
         !vector.at("channel").get<std::string>().starts_with("socket.io-request");
}

/// Everything a decoder can tell of a vector, against what went into it.
void check_values(const Json& vector, golden::Notepack generation) {
  const auto payload = golden::payload(vector);
  const auto view = decoded(payload);
  CHECK(view.uid == fixture::text(vector, "uid", "emitter"));
  CHECK(view.nsp == fixture::text(vector, "nsp", "/"));
  CHECK(golden::to_notation(view.data) == golden::as_read(vector.at("args"), generation));
  CHECK_FALSE(view.id.has_value());
  std::vector<std::string> rooms;
  for (const Room& room : fixture::rooms(vector, "rooms")) {
    rooms.push_back(room.name());
  }
  std::vector<std::string> except;
  for (const Room& room : fixture::rooms(vector, "except")) {
    except.push_back(room.name());
  }
  CHECK(fixture::names(view.rooms) == rooms);
  CHECK(fixture::names(view.except) == except);
  CHECK(view.flags == fixture::flags(vector, "flags"));
  CHECK(broadcast::peek_uid(payload) == view.uid);
}

}  // namespace

TEST_CASE("broadcast: an emitter's messages have the golden bytes, and read as what went in") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("classic-emitter")) {
    if (is_published_broadcast(vector)) {
      CAPTURE(vector.at("name").get<std::string>());
      const auto expected = golden::payload(vector);
      CHECK(encoded(vector, broadcast::OptionsOrder::emitter) == golden::to_hex(expected));
      check_values(vector, golden::Notepack::v3);
      ++count;
    }
  }
  CHECK(count == 151);
}

TEST_CASE("broadcast: a node's messages have the golden bytes, and read as what went in") {
  std::size_t count = 0;
  for (const Json& plain : golden::file("classic-adapter")) {
    if (is_published_broadcast(plain)) {
      CAPTURE(plain.at("name").get<std::string>());
      const Json vector = spelled_out(plain);
      CHECK(encoded(vector, broadcast::OptionsOrder::adapter) == fixture::text(vector, "payload_hex"));
      check_values(vector, golden::Notepack::v3);
      ++count;
    }
  }
  CHECK(count == 17);
}

TEST_CASE("broadcast: messages of the older emitter read as what went in, and have its bytes where the values allow it") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("legacy-emitter")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    ++count;
    if (name == "reserved-name-allowed") {
      // The older emitter sends "connect", which clients do not survive.
      CHECK(refusal(golden::payload(vector)) == Errc::bad_value);
      continue;
    }
    check_values(vector, golden::Notepack::v2);
    // Undefined, dates and ArrayBuffers have forms of their own there, which are only read.
    if (name != "undefined" && name != "date" && name != "arraybuffer") {
      CHECK(encoded(vector, broadcast::OptionsOrder::legacy_emitter) == fixture::text(vector, "payload_hex"));
    }
  }
  CHECK(count == 10);
}

TEST_CASE("broadcast: messages of an older node have the golden bytes, and read as what went in") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("legacy-adapter")) {
    if (is_published_broadcast(vector)) {
      CAPTURE(vector.at("name").get<std::string>());
      CHECK(encoded(vector, broadcast::OptionsOrder::adapter) == fixture::text(vector, "payload_hex"));
      check_values(vector, golden::Notepack::v2);
      ++count;
    }
  }
  CHECK(count == 2);
}

TEST_CASE("broadcast: what is encoded with everything in it is decoded again") {
  const Buffer data = fixture::packed({"event", 1, {{"a", nullptr}}});
  const std::vector<Room> rooms = {"a", Room::number(0.5), std::string(70000, 'x')};
  const std::vector<Room> except = {"b"};
  const std::string uid(40, 'u');
  const std::string nsp = "/" + std::string(300, 'n');
  const Flags flags = Flags().set_timeout_ms(70000).set_volatile();
  Buffer out;
  broadcast::encode(out, {uid, nsp, data.bytes(), rooms, except, flags, 123456789012, broadcast::OptionsOrder::adapter});

  const auto view = decoded(out.bytes());

  CHECK(view.uid == uid);
  CHECK(view.nsp == nsp);
  CHECK(golden::to_hex(view.data) == golden::to_hex(data.bytes()));
  CHECK(view.id == 123456789012);
  CHECK(fixture::names(view.rooms) == std::vector<std::string>{"a", "0.5", std::string(70000, 'x')});
  CHECK(fixture::names(view.except) == std::vector<std::string>{"b"});
  CHECK(view.flags == flags);
}

TEST_CASE("broadcast: the views point into the payload") {
  const auto payload = golden::payload(golden::vector("classic-emitter", "one-room"));
  const auto view = decoded(payload);
  const auto is_inside = [&](const void* at) { return at >= payload.data() && at < payload.data() + payload.size(); };
  CHECK(is_inside(view.uid.data()));
  CHECK(is_inside(view.data.data()));
  CHECK(is_inside(view.rooms[0].data()));
}

TEST_CASE("broadcast: a name may be binary, which receivers have to repack") {
  const auto payload = message(packet("92 c40165 01"));
  const auto view = decoded(payload);
  const auto name = event_data::name(view.data);
  REQUIRE(name.ok());
  CHECK(name->kind == Kind::binary);
  CHECK(name->text == "e");
}

TEST_CASE("broadcast: uid and namespace may be binary, too") {
  const auto payload = fixture::bytes("93 c40155 83 a474797065 02 a464617461 91a165 a36e7370 c4022f78 80");
  const auto view = decoded(payload);
  CHECK(view.uid == "U");
  CHECK(view.nsp == "/x");
}

TEST_CASE("broadcast: a type may be an integral double, in any width") {
  for (const std::string type : {"02", "cc02", "cd0002", "ce00000002", "cf0000000000000002", "d002", "d30000000000000002",
                                 "ca40000000", "cb4000000000000000"}) {
    CAPTURE(type);
    CHECK(decoded(message("82 a474797065" + type + "a464617461 91a165")).nsp == "/");
  }
}

TEST_CASE("broadcast: an undefined namespace is the root, a nil one is none") {
  CHECK(decoded(message("83 a474797065 02 a464617461 91a165 a36e7370 d40000")).nsp == "/");
  CHECK(decoded(message("83 a474797065 02 a464617461 91a165 a36e7370 c0")).nsp.empty());
}

TEST_CASE("broadcast: of repeated members the last one counts") {
  const auto payload = message("85 a474797065 02 a464617461 91a161 a464617461 91a162 a36e7370 a12f a36e7370 a22f79");
  const auto view = decoded(payload);
  CHECK(golden::to_hex(view.data) == "91a162");
  CHECK(view.nsp == "/y");
}

TEST_CASE("broadcast: reserved event names are refused, however they are written") {
  for (const std::string name : {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    CAPTURE(name);
    Buffer text;
    pack::text(text, name);
    Buffer binary;
    pack::binary(binary, as_bytes(name));
    CHECK(refusal(message(packet("91" + golden::to_hex(text.bytes())))) == Errc::bad_value);
    CHECK(refusal(message(packet("91" + golden::to_hex(binary.bytes())))) == Errc::bad_value);
  }
}

TEST_CASE("broadcast: every prefix of a good message is refused as truncated") {
  for (const auto* name : {"no-rooms", "room-and-except", "numeric-room-float", "volatile-then-compress", "rooms-16"}) {
    const auto whole = golden::payload(golden::vector("classic-emitter", name));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(name);
      CAPTURE(size);
      CHECK(refusal(Bytes(whole).first(size)) == Errc::truncated);
    }
  }
}

TEST_CASE("broadcast: each kind of damage has its code") {
  const std::string good = packet("91a165");
  CHECK(refusal(message("80")) == Errc::missing_field);
  CHECK(refusal(message("81 a474797065 02")) == Errc::missing_field);
  CHECK(refusal(message("81 a464617461 91a165")) == Errc::missing_field);
  CHECK(refusal(fixture::bytes("92 a158" + good)) == Errc::missing_field);
  CHECK(refusal(message("c0")) == Errc::wrong_type);
  CHECK(refusal(message(good, "c0")) == Errc::wrong_type);
  CHECK(refusal(message("82 a474797065 a132 a464617461 91a165")) == Errc::wrong_type);
  CHECK(refusal(message(packet("a178"))) == Errc::wrong_type);
  CHECK(refusal(message(packet("91c0"))) == Errc::wrong_type);
  CHECK(refusal(message(packet("91c401ff"))) == Errc::wrong_type);
  CHECK(refusal(message(packet("90"))) == Errc::bad_value);
  CHECK(refusal(message(packet("91cb7ff8000000000000"))) == Errc::bad_value);
  CHECK(refusal(message("82 a474797065 03 a464617461 91a165")) == Errc::bad_value);
  CHECK(refusal(message("82 a474797065 cb4004000000000000 a464617461 91a165")) == Errc::bad_value);
  CHECK(refusal(message("83 a474797065 02 a464617461 91a165 a26964 a178")) == Errc::wrong_type);
  CHECK(refusal(message("83 a474797065 02 a464617461 91a165 a26964 ff")) == Errc::bad_value);
  CHECK(refusal(message(good, "80 00")) == Errc::trailing_bytes);
  CHECK(refusal(message(packet("92a165c1"))) == Errc::bad_syntax);
  CHECK(refusal(Bytes(message(good).data(), limits::message_bytes_max + 1)) == Errc::too_large);
}

TEST_CASE("broadcast: data may be as deep as the limit says, and not deeper") {
  const auto nested = [](std::size_t depth) {
    Buffer data;
    pack::array_header(data, 2);
    pack::text(data, "e");
    for (std::size_t i = 1; i < depth; ++i) {
      pack::array_header(data, 1);
    }
    pack::nil(data);
    Buffer out;
    broadcast::encode(out, {.data = data.bytes()});
    return out;
  };
  CHECK(broadcast::decode(nested(limits::depth_max).bytes()).ok());
  CHECK(refusal(nested(limits::depth_max + 1).bytes()) == Errc::too_deep);
}

TEST_CASE("broadcast: looking for the uid alone never fails") {
  CHECK(broadcast::peek_uid(message(packet("91a165"))) == "X");
  CHECK(broadcast::peek_uid(fixture::bytes("93 05 c0 c0")).empty());
  CHECK(broadcast::peek_uid(fixture::bytes("93 8101")).empty());
  CHECK(broadcast::peek_uid({}).empty());
}

}  // namespace broadcast_test
