// Clients of generation 2: Engine.IO 3.

#include <doctest/doctest.h>

#include <chrono>

#include "engine_fixture.hpp"

namespace engine_revision3_test {

using namespace fixture;
using websocket_frame::Opcode;

namespace {

EngineOptions lenient() {
  EngineOptions options = patient();
  options.allow_eio3 = true;
  return options;
}

constexpr const char* polling3 = "EIO=3&transport=polling";

}  // namespace

TEST_CASE("engine revision 3: the handshake is a packet with its length, and says what revision it is") {
  for (const char* query : {polling3, "transport=polling"}) {
    CAPTURE(query);
    Engine engine(lenient());
    const auto exchange = engine.get(std::string("/socket.io/?") + query);
    CHECK(
        exchange->body() ==
        R"(118:0{"sid":"AAECAwQFBgcICQoLDA0O","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
    CHECK(engine.last().session->revision() == 3);
  }
}

TEST_CASE("engine revision 3: polling bodies carry lengths") {
  Engine engine(lenient());
  const std::string session = engine.open_polling(polling3);
  CHECK(engine.post(session, "4:4\u20ac\u20acx2:4y")->body() == "ok");
  CHECK(engine.last().messages == Frames{"\u20ac\u20acx", "y"});
  engine.last().session->send(text("\u20ac"));
  engine.last().session->send(text("b"));
  const auto get = engine.get(session);
  engine.turn();
  CHECK(get->body() == "2:4\u20ac2:4b");
  CHECK(get->answer().header("Content-Type") == "text/plain; charset=UTF-8");
  CHECK(engine.post(session, "4x")->body() == "ok");
  CHECK(engine.last().closed == CloseReason::parse_error);
}

TEST_CASE("engine revision 3: binary makes a polling body binary, unless the client takes none") {
  const std::string bytes = "\x01\x02";
  const Bytes attachment = as_bytes(bytes);
  for (const bool base64 : {false, true}) {
    CAPTURE(base64);
    Engine engine(lenient());
    const std::string session = engine.open_polling(std::string(polling3) + (base64 ? "&b64=1" : ""));
    engine.last().session->send(FrameRef::text("x", {&attachment, 1}));
    const auto get = engine.get(session);
    engine.turn();
    if (base64) {
      CHECK(get->body() == "2:4x6:b4AQI=");
      CHECK(get->answer().header("Content-Type") == "text/plain; charset=UTF-8");
    } else {
      CHECK(get->body() == std::string("\0\2\xff"
                                       "4x\1\3\xff\4\1\2",
                                       11));
      CHECK(get->answer().header("Content-Type") == "application/octet-stream");
    }
  }
}

TEST_CASE("engine revision 3: a POST may be binary") {
  Engine engine(lenient());
  const std::string session = engine.open_polling(polling3);
  const auto post = engine.send(fake::request("POST", session, {{"content-type", "application/octet-stream"}}));
  post->give_body(
      std::string_view("\0\2\xff"
                       "4x\1\3\xff\4\1\2",
                       11));
  CHECK(post->body() == "ok");
  CHECK(engine.last().messages == Frames{"x", "binary:\x01\x02"});
  CHECK_FALSE(engine.last().closed);
}

TEST_CASE("engine revision 3: binary WebSocket frames begin with the type, or are base64 text") {
  const std::string bytes = "\x01\x02";
  const Bytes attachment = as_bytes(bytes);
  const FrameRef frame = FrameRef::text("x", {&attachment, 1});
  Engine engine(lenient());
  WebSocket plain(engine, "EIO=3&transport=websocket");
  WebSocket base64(engine, "EIO=3&transport=websocket&b64=1");
  engine.turn();
  plain.received();
  base64.received();
  plain.binary("\x04\x01");
  base64.text("b4AQI=");
  CHECK(engine.heard[0]->messages == Frames{"binary:\x01"});
  CHECK(engine.heard[1]->messages == Frames{"binary:\x01\x02"});
  engine.heard[0]->session->send(frame);
  engine.heard[1]->session->send(frame);
  engine.turn();
  CHECK(plain.received() == Frames{"text:4x", "binary:\x04\x01\x02"});
  CHECK(base64.received() == Frames{"text:4x", "text:b4AQI="});
}

TEST_CASE("engine revision 3: the client pings, and is answered") {
  Engine engine(lenient());
  WebSocket client(engine, "EIO=3&transport=websocket");
  engine.turn();
  client.received();
  client.text("2");
  engine.turn();
  CHECK(client.received() == Frames{"text:3"});
  client.text("3");
  CHECK(engine.last().closed == CloseReason::transport_error);
}

TEST_CASE("engine revision 3: a client that does not ping is closed after interval and timeout together") {
  EngineOptions options = lenient();
  options.ping_interval = std::chrono::milliseconds(10);
  options.ping_timeout = std::chrono::milliseconds(10);
  Engine engine(options);
  WebSocket client(engine, "EIO=3&transport=websocket");
  CHECK(engine.until([&] { return engine.last().closed.has_value(); }));
  CHECK(engine.last().closed == CloseReason::ping_timeout);
  const Frames frames = client.received();
  CHECK(frames.size() == 2);  // no ping of the server's
  CHECK(frames.back() == "close:");
}

TEST_CASE("engine revision 3: a session upgrades as in revision 4") {
  Engine engine(lenient());
  const std::string session = engine.open_polling(polling3);
  WebSocket candidate(engine, "EIO=3&transport=websocket&sid=" + std::string(engine.last().session->id()));
  candidate.text("2probe");
  CHECK(candidate.received() == Frames{"text:3probe"});
  candidate.text("5");
  const std::string bytes = "\x01";
  engine.last().session->send(FrameRef::binary(as_bytes(bytes)));
  engine.turn();
  CHECK(candidate.received() == Frames{"binary:\x04\x01"});
  CHECK(engine.get(session)->status() == 400);
}

}  // namespace engine_revision3_test
