// The same server with the msgpack parser at both ends: each packet is one binary message.

#include <doctest/doctest.h>

#include <optional>

#include <socketio/protocol/socketio_msgpack_packet.hpp>

#include "live_fixture.hpp"

namespace socketio_msgpack_test {

using namespace live;
using socketio_packet::Packet;
using socketio_packet::Type;

namespace {

ServerOptions msgpack_options() {
  ServerOptions options;
  options.parser = Parser::msgpack;
  return options;
}

/// A map as JSON text, packed.
std::string packed(std::string_view json) {
  Buffer out;
  arguments::pack_json(out, json);
  return std::string(out.text());
}

/// What came, as JSON.
Names read(const Names& messages) {
  Names texts;
  for (const std::string& message : messages) {
    REQUIRE(message.starts_with("binary:"));
    texts.push_back(without_ids(Value(as_bytes(std::string_view(message).substr(7))).json()));
  }
  return texts;
}

}  // namespace

TEST_CASE("msgpack parser: lone surrogates are U+FFFD, as its clients read UTF-8; bytes stay") {
  Fixture fixture(msgpack_options());
  Client client(fixture);
  client.send_binary(packed(R"({"type":0,"nsp":"/"})"));
  client.next();
  fixture.io->emit("e", "x\xed\xa0\x80y", Binary("\xed\xa0\x80"));
  Buffer expected;
  arguments::pack_event(expected, "e", "x\uFFFDy", Binary("\xed\xa0\x80"));
  CHECK(client.next().find(expected.text()) != std::string::npos);
}

TEST_CASE("msgpack parser: connecting, events and acks in both directions") {
  std::string answer;
  Fixture fixture(msgpack_options());
  fixture.io->on_connection([](Socket socket) { socket.on("e", [](int value, Binary bytes, Ack ack) { ack(value, bytes); }); });
  Client client(fixture);
  client.send_binary(packed(R"({"type":0,"nsp":"/","data":{"a":1}})"));
  CHECK(read({client.next()}) == Names{R"#({"type":0,"data":{"sid":"(id)"},"nsp":"/"})#"});
  Buffer event;
  arguments::pack_event(event, "e", 5, Binary("\x01"));
  Buffer packet;
  REQUIRE(socketio_msgpack_packet::encode(packet, {Type::event, "/", 7, event.bytes()}).ok());
  client.send_binary(packet.text());
  CHECK(read({client.next()}) == Names{R"({"id":7,"type":3,"data":[5,{"type":"Buffer","data":[1]}],"nsp":"/"})"});
  fixture.io->sockets().at(0).emit_with_ack(
      "q", "x", OnAck([&answer](const AckResult& result) { answer = result.as<std::string>().value_or("?"); }));
  CHECK(read({client.next()}) == Names{R"({"type":2,"data":["q","x"],"id":0,"nsp":"/"})"});
  client.send_binary(packed(R"({"type":3,"nsp":"/","id":0,"data":["yes"]})"));
  CHECK(client.take().empty());
  CHECK(answer == "yes");
  fixture.io->sockets().at(0).disconnect();
  CHECK(read(client.take()) == Names{R"({"type":1,"nsp":"/"})"});
}

TEST_CASE("msgpack parser: what breaks a rule closes the connection") {
  for (const std::string json : {
           R"({"type":2,"nsp":"/","data":["disconnect"]})",
           R"({"type":2,"nsp":"/","data":[]})",
           R"({"type":2,"nsp":"/","data":[null]})",
           R"({"type":2,"nsp":"/","data":{}})",
           R"({"type":2,"nsp":"/"})",
           R"({"type":5,"nsp":"/","data":["e"]})",
           R"({"type":"2","nsp":"/","data":["e"]})",
           R"({"type":2,"data":["e"]})",
           R"({"type":2,"nsp":1,"data":["e"]})",
           R"({"type":2,"nsp":"/","id":"1","data":["e"]})",
           R"({"type":1,"nsp":"/","data":null})",
           R"([2,"/",["e"]])",
       }) {
    CAPTURE(json);
    Names heard;
    Fixture fixture(msgpack_options());
    fixture.io->on_connection([&heard](Socket socket) {
      socket.on_any([](const Value&, const Arguments&) { FAIL("heard"); });
      socket.on_disconnect([&heard](std::string_view reason) { heard.emplace_back(reason); });
    });
    Client client(fixture);
    client.send_binary(packed(R"({"type":0,"nsp":"/"})"));
    client.next();
    client.send_binary(packed(json));
    CHECK(client.until_closed());
    CHECK(heard == Names{"forced close"});
    CHECK(fixture.counters().protocol_violations == 1);
  }
}

TEST_CASE("msgpack parser: a text is a violation, and so are bytes behind the packet") {
  for (const bool as_text : {true, false}) {
    CAPTURE(as_text);
    Fixture fixture(msgpack_options());
    Client client(fixture);
    as_text ? client.send("0") : client.send_binary(packed(R"({"type":0,"nsp":"/"})") + "x");
    CHECK(client.until_closed());
    CHECK(fixture.counters().protocol_violations == 1);
  }
}

TEST_CASE("msgpack parser: an id may be negative, and its ack has it") {
  Fixture fixture(msgpack_options());
  fixture.io->on_connection([](Socket socket) { socket.on("e", [](Ack ack) { ack(1); }); });
  Client client(fixture);
  client.send_binary(packed(R"({"type":0,"nsp":"/"})"));
  client.next();
  client.send_binary(packed(R"({"type":2,"nsp":"/","id":-5,"data":["e"]})"));
  CHECK(read({client.next()}) == Names{R"({"id":-5,"type":3,"data":[1],"nsp":"/"})"});
  client.send_binary(packed(R"({"type":3,"nsp":"/","id":-1,"data":[]})"));
  CHECK(client.take().empty());
  CHECK(fixture.counters().acks_unknown == 1);
}

TEST_CASE(
    "msgpack parser: a namespace's name without its slash is another, and no way around the middlewares of the right one") {
  Fixture fixture(msgpack_options());
  fixture.io->of("/admin").use([](Socket, Next next) { next(Refusal("no")); });
  static_cast<void>(fixture.io->of([](std::string_view, const Value&) { return true; }));
  Client client(fixture);
  for (const char* const name : {"admin", ""}) {
    CAPTURE(name);
    client.send_binary(packed(R"({"type":0,"nsp":")" + std::string(name) + "\"}"));
    CHECK(read({client.next()}) ==
          Names{R"({"type":4,"data":{"message":"Invalid namespace"},"nsp":")" + std::string(name) + "\"}"});
  }
  client.send_binary(packed(R"({"type":0,"nsp":"/admin"})"));
  CHECK(read({client.next()}) == Names{R"({"type":4,"data":{"message":"no"},"nsp":"/admin"})"});
}

TEST_CASE("msgpack parser: a refusal has its data, and recovery its private id") {
  ServerOptions options = msgpack_options();
  options.recovery.enabled = true;
  Fixture fixture(options);
  fixture.io->of("/deny").use([](Socket, Next next) { next(Refusal("no", 401)); });
  Client client(fixture);
  client.send_binary(packed(R"({"type":0,"nsp":"/deny"})"));
  CHECK(read({client.next()}) == Names{R"({"type":4,"data":{"message":"no","data":401},"nsp":"/deny"})"});
  client.send_binary(packed(R"({"type":0,"nsp":"/"})"));
  const Names answer = read({client.next()});
  CHECK(answer == Names{R"#({"type":0,"data":{"sid":"(id)","pid":"(id)"},"nsp":"/"})#"});
}

}  // namespace socketio_msgpack_test
