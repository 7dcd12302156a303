// The emitter's messages for sharded and streams fleets: those of a server, but for the uid.

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/emitter/encoder.hpp>
#include <socketio/protocol/event_data.hpp>

#include "support/golden.hpp"
#include "vectors.hpp"

namespace transports_test {

using golden::Json;
using socketio::Encoder;
using socketio::Fleet;
using socketio::Operation;
using socketio::Room;
using socketio::SubscriptionMode;
using socketio::Target;
using socketio::Transport;

namespace {

Fleet sharded(const std::string& mode = "dynamic") {
  Fleet fleet;
  fleet.transport = Transport::sharded;
  fleet.sharded_mode = mode == "static"    ? SubscriptionMode::only_static
                       : mode == "dynamic" ? SubscriptionMode::dynamic
                                           : SubscriptionMode::dynamic_private;
  return fleet;
}

Fleet streams(std::uint32_t count = 1) {
  Fleet fleet;
  fleet.transport = Transport::streams;
  fleet.stream_count = count;
  return fleet;
}

/// The operations that need no answer, and the values that JavaScript's encoders keep.
bool is_for_emitters(const Json& vector) {
  return vector.at("op") != "emit-with-ack" && vector.at("op") != "fetchSockets" &&
         vector.at("op") != "socket.broadcast.emit" && !vector.contains("ack") && vector.value("published", true) &&
         !vector.contains("options") && vectors::has_exact_bytes(vector);
}

Encoder::Publication perform(Encoder& encoder, const Json& vector) {
  const std::string op = vector.at("op");
  Target target;
  target.nsp = vector.at("nsp");
  socketio::Buffer data;
  if (vector.contains("args")) {
    golden::append_packed(data, vector.at("args"));
  }
  if (op == "serverSideEmit") {
    return encoder.encode(Operation::server_side(target, data.bytes()));
  }
  target.rooms = vectors::rooms(vector.at("rooms"));
  target.except = vectors::rooms(vector.at("except"));
  const Json flags = vector.value("flags", Json::object());
  for (const auto& [name, value] : flags.items()) {
    name == "volatile" ? target.flags.set_volatile() : target.flags.set_compress(value.get<bool>());
  }
  if (op == "socketsJoin") {
    return encoder.encode(Operation::join(target, vectors::rooms(vector.at("arg"))));
  }
  if (op == "socketsLeave") {
    return encoder.encode(Operation::leave(target, vectors::rooms(vector.at("arg"))));
  }
  return op == "disconnectSockets" ? encoder.encode(Operation::disconnect(target, vector.at("arg").get<bool>()))
                                   : encoder.encode(Operation::emit(target, data.bytes()));
}

/// A server's message, from an emitter: in JSON, and in msgpack with its length in front.
std::string from_emitter(const std::vector<std::uint8_t>& payload, const std::string& uid) {
  std::string text(payload.begin(), payload.end());
  const bool is_json = text.front() == '{';
  const std::string from = is_json ? "\"" + uid + "\"" : "\xb0" + uid;
  const std::string to = is_json ? "\"emitter\""
                                 : "\xa7"
                                   "emitter";
  text.replace(text.rfind(from), from.size(), to);
  return text;
}

std::string text_of(socketio::Bytes bytes) { return std::string(bytes.begin(), bytes.end()); }

}  // namespace

TEST_CASE("emitter: a sharded fleet gets what its servers would say, where they would say it") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("sharded-adapter")) {
    CAPTURE(vector.at("name").get<std::string>());
    if (!is_for_emitters(vector)) {
      continue;
    }
    Encoder encoder(sharded(vector.at("subscription_mode")));
    const auto publication = perform(encoder, vector);
    CHECK(publication.command == Encoder::Command::publish_sharded);
    CHECK(publication.channel == vector.at("channel").get<std::string>());
    CHECK(text_of(publication.payload) == from_emitter(golden::payload(vector), vector.at("uid")));
    ++count;
  }
  CHECK(count == 128);
}

TEST_CASE("emitter: a streams fleet gets entries, and on the channel what does not last") {
  std::size_t entries = 0;
  std::size_t messages = 0;
  for (const Json& vector : golden::file("streams-adapter")) {
    CAPTURE(vector.at("name").get<std::string>());
    if (!is_for_emitters(vector) || vector.at("commands").empty()) {
      continue;
    }
    Encoder encoder(streams());
    const auto publication = perform(encoder, vector);
    const Json& command = vectors::command(vector);
    CHECK(name_of(publication.command) == command.at("command").get<std::string>());
    if (publication.command == Encoder::Command::add_entry) {
      auto expected = command.at("args").get<std::vector<std::string>>();
      expected.insert(expected.begin(), "XADD");
      expected.at(7) = "emitter";
      CHECK(std::vector<std::string>(publication.words.begin(), publication.words.end()) == expected);
      ++entries;
    } else {
      CHECK(publication.channel == command.at("channel").get<std::string>());
      CHECK(text_of(publication.payload) == from_emitter(golden::payload(command), vector.at("uid")));
      ++messages;
    }
  }
  CHECK(entries == 110);
  CHECK(messages == 1);
}

TEST_CASE("emitter: each namespace has its stream, and streams their length") {
  Fleet fleet = streams(4);
  fleet.stream_name = "events";
  fleet.stream_length_max = 500;
  Encoder encoder(fleet);
  Target target;
  target.nsp = "/chat";
  const std::vector<std::uint8_t> event = golden::from_hex("91a165");
  const auto publication = encoder.encode(Operation::emit(target, event));
  CHECK(publication.words[1] == "events-3");
  CHECK(publication.words[4] == "500");
  CHECK(publication.channel == "events-3");
}

TEST_CASE("emitter: with sharded pub/sub, a streams fleet's transient messages are sharded") {
  Fleet fleet = streams();
  fleet.use_sharded_pubsub = true;
  Encoder encoder(fleet);
  const std::vector<std::uint8_t> event = golden::from_hex("91a165");
  CHECK(encoder.encode(Operation::server_side({}, event)).command == Encoder::Command::publish_sharded);
  CHECK(encoder.encode(Operation::emit({}, event)).command == Encoder::Command::add_entry);
}

TEST_CASE("emitter: what would hurt a server is refused on every transport") {
  for (Fleet fleet : {sharded(), streams()}) {
    CAPTURE(static_cast<int>(fleet.transport));
    Encoder encoder(fleet, 100);
    CHECK_THROWS_AS(encoder.encode(Operation::emit({}, golden::from_hex("91a7636f6e6e656374"))), socketio::Error);  // connect
    CHECK_THROWS_AS(encoder.encode(Operation::server_side({}, golden::from_hex("91a56572726f72"))), socketio::Error);  // error
    CHECK_THROWS_AS(encoder.encode(Operation::emit({}, golden::from_hex("92a165"))), socketio::Error);
    CHECK_THROWS_AS(encoder.encode(Operation::join({}, std::vector<Room>{"\xff"})), socketio::Error);
    const std::vector<Room> many(100, Room("room"));
    CHECK_THROWS_AS(encoder.encode(Operation::join({}, many)), socketio::Error);  // more than 100 bytes
    fleet.key = "\xff";
    CHECK_THROWS_AS(Encoder{fleet}, socketio::Error);
  }
  CHECK_THROWS_AS(Encoder{streams(0)}, socketio::Error);
  CHECK_NOTHROW(Encoder{streams(socketio::limits::streams_max)});
  CHECK_THROWS_AS(Encoder{streams(socketio::limits::streams_max + 1)}, socketio::Error);
}

TEST_CASE("emitter: what ends servers, and no receiver sees, is left out on every transport") {
  Fleet classic;
  for (const Fleet& fleet : {classic, sharded(), streams()}) {
    CAPTURE(static_cast<int>(fleet.transport));
    Encoder encoder(fleet);
    const auto text_of = [](const Encoder::Publication& publication) {
      std::string all(publication.payload.begin(), publication.payload.end());
      for (const std::string_view word : publication.words) {
        all += word;
      }
      return all;
    };
    // ["e", {"__proto__": bytes, "kept": 1}]
    const auto event = golden::from_hex("92a16582a95f5f70726f746f5f5fc40101a46b65707401");
    const std::string sent = text_of(encoder.encode(Operation::emit({}, event)));
    CHECK(sent.find("__proto__") == std::string::npos);
    CHECK(sent.find("kept") != std::string::npos);
    CHECK(text_of(encoder.encode(Operation::server_side({}, event))).find("__proto__") == std::string::npos);
    // ["e", a timestamp of 3 bytes]
    const auto odd = golden::from_hex("92a165c703ff616263");
    CHECK(text_of(encoder.encode(Operation::emit({}, odd))).find("\xc7\x03\xff") == std::string::npos);
    CHECK(text_of(encoder.encode(Operation::server_side({}, odd))).find("\xc7\x03\xff") == std::string::npos);
  }
}

TEST_CASE("emitter: arguments nest equally deep on every transport, with binary in them and without") {
  Fleet classic;
  for (const Fleet& fleet : {classic, sharded(), streams()}) {
    for (const bool with_binary : {false, true}) {
      CAPTURE(static_cast<int>(fleet.transport));
      CAPTURE(with_binary);
      Encoder encoder(fleet);
      const auto event = [&](std::size_t depth) {
        std::vector<std::uint8_t> packed = golden::from_hex("92a165");
        packed.insert(packed.end(), depth - 1, 0x91);
        const auto inner = golden::from_hex(with_binary ? "c40101" : "c0");
        packed.insert(packed.end(), inner.begin(), inner.end());
        return packed;
      };
      CHECK_NOTHROW(encoder.encode(Operation::emit({}, event(socketio::event_data::depth_max))));
      CHECK_THROWS_AS(encoder.encode(Operation::emit({}, event(socketio::event_data::depth_max + 1))), socketio::Error);
      auto trailing = event(2);
      trailing.push_back(0xc0);
      CHECK_THROWS_AS(encoder.encode(Operation::emit({}, trailing)), socketio::Error);
    }
  }
}

}  // namespace transports_test
