// From polling to WebSocket.

#include <doctest/doctest.h>

#include <chrono>

#include "engine_fixture.hpp"

namespace engine_upgrade_test {

using namespace fixture;
using websocket_frame::Opcode;

namespace {

/// A polling session, and where its further requests and its upgrade go.
struct Polling {
  explicit Polling(Engine& engine)
      : url(engine.open_polling()), upgrade("EIO=4&transport=websocket&sid=" + std::string(engine.last().session->id())) {}
  std::string url;
  std::string upgrade;
};

}  // namespace

TEST_CASE("engine upgrade: the client probes, stops polling, and goes on by WebSocket") {
  Engine engine;
  const Polling polling(engine);
  WebSocket candidate(engine, polling.upgrade);
  CHECK(candidate.exchange->head().starts_with("HTTP/1.1 101 "));
  candidate.text("2probe");
  CHECK(candidate.received() == Frames{"text:3probe"});
  candidate.text("5");
  candidate.text("4by websocket");
  CHECK(engine.last().messages == Frames{"by websocket"});
  engine.last().session->send(text("answer"));
  engine.turn();
  CHECK(candidate.received() == Frames{"text:4answer"});
  CHECK(engine.server.counters().upgrades == 1);
  CHECK(engine.server.counters().sessions == 1);
}

TEST_CASE("engine upgrade: 5 is accepted without a probe") {
  Engine engine;
  const Polling polling(engine);
  WebSocket candidate(engine, polling.upgrade);
  candidate.text("5");
  candidate.text("4x");
  CHECK(engine.last().messages == Frames{"x"});
}

TEST_CASE("engine upgrade: messages stay on polling during the probe, and cross over once and in order") {
  Engine engine;
  const Polling polling(engine);
  const auto get = engine.get(polling.url);
  WebSocket candidate(engine, polling.upgrade);
  candidate.text("2probe");
  engine.last().session->send(text("1"));
  engine.turn();
  CHECK(get->body() == "41");
  engine.last().session->send(text("2"));
  engine.turn();
  engine.last().session->send(text("3"));
  engine.post(polling.url, "4posted");
  candidate.text("5");
  engine.last().session->send(text("4"));
  candidate.text("4sent");
  engine.turn();
  CHECK(candidate.received() == Frames{"text:3probe", "text:42", "text:43", "text:44"});
  CHECK(engine.last().messages == Frames{"posted", "sent"});
}

TEST_CASE("engine upgrade: after the probe a waiting GET is released so that the client can stop polling") {
  Engine engine;
  const Polling polling(engine);
  WebSocket candidate(engine, polling.upgrade);
  const auto before = engine.get(polling.url);
  engine.turn();
  CHECK_FALSE(before->answered());
  candidate.text("2probe");
  CHECK(engine.until([&] { return before->answered(); }));
  CHECK(before->body() == "6");
  const auto again = engine.get(polling.url);
  CHECK(engine.until([&] { return again->answered(); }));
  CHECK(again->body() == "6");
}

TEST_CASE("engine upgrade: the old transport is discarded with all its requests") {
  Engine engine;
  const Polling polling(engine);
  const auto get = engine.get(polling.url);
  const auto post = engine.send(fake::request("POST", polling.url));
  WebSocket candidate(engine, polling.upgrade);
  candidate.text("5");
  CHECK(get->body() == "1");
  post->give_body("4late");
  CHECK(post->status() == 400);
  CHECK(engine.last().messages.empty());
  CHECK(engine.get(polling.url)->body() == R"({"code":3,"message":"Bad request"})");
  CHECK_FALSE(engine.last().closed);
}

TEST_CASE("engine upgrade: a second WebSocket for the same session is closed after the 101") {
  Engine engine;
  const Polling polling(engine);
  WebSocket candidate(engine, polling.upgrade);
  WebSocket second(engine, polling.upgrade);
  CHECK(second.received() == Frames{"close:"});
  candidate.text("2probe");
  candidate.text("5");
  WebSocket third(engine, polling.upgrade);
  CHECK(third.exchange->head().starts_with("HTTP/1.1 101 "));
  CHECK(third.received() == Frames{"close:"});
  third.text("4not heard");
  candidate.text("4heard");
  CHECK(engine.last().messages == Frames{"heard"});
}

TEST_CASE("engine upgrade: a session that began on WebSocket is not taken over by another one") {
  Engine engine;
  WebSocket owner(engine);
  WebSocket thief(engine, "EIO=4&transport=websocket&sid=" + std::string(engine.last().session->id()));
  CHECK(thief.received() == Frames{"close:"});
  thief.text("5");
  thief.text("4not heard");
  engine.last().session->send(text("secret"));
  engine.turn();
  CHECK(thief.received().empty());
  CHECK(owner.received().back() == "text:4secret");
  CHECK(engine.last().messages.empty());
  CHECK_FALSE(engine.last().closed);
}

TEST_CASE("engine upgrade: whatever else the candidate sends closes it alone, and the client may try again") {
  for (const char* packet : {"4message", "2", "2other", "3probe", "1", "7", ""}) {
    CAPTURE(packet);
    Engine engine;
    const Polling polling(engine);
    WebSocket candidate(engine, polling.upgrade);
    candidate.text(packet);
    CHECK(candidate.received() == Frames{"close:"});
    CHECK(engine.last().messages.empty());
    CHECK_FALSE(engine.last().closed);
    WebSocket next(engine, polling.upgrade);
    next.text("2probe");
    next.text("5");
    next.text("4x");
    CHECK(engine.last().messages == Frames{"x"});
  }
}

TEST_CASE("engine upgrade: a candidate that is lost or closes leaves the session alone") {
  for (const int way : {0, 1, 2}) {
    CAPTURE(way);
    Engine engine;
    const Polling polling(engine);
    WebSocket candidate(engine, polling.upgrade);
    candidate.text("2probe");
    if (way == 0) {
      candidate.wire().lose(true);
    } else if (way == 1) {
      candidate.frame(Opcode::close, "");
    } else {
      candidate.frame(Opcode::binary, "x");
    }
    CHECK_FALSE(engine.last().closed);
    const auto get = engine.get(polling.url);
    engine.last().session->send(text("by polling"));
    engine.turn();
    CHECK(get->body() == "4by polling");
  }
}

TEST_CASE("engine upgrade: the time for it runs from the request, probed or not") {
  for (const bool probed : {false, true}) {
    CAPTURE(probed);
    EngineOptions options = patient();
    options.upgrade_timeout = std::chrono::milliseconds(20);
    Engine engine(options);
    const Polling polling(engine);
    WebSocket candidate(engine, polling.upgrade);
    if (probed) {
      candidate.text("2probe");
    }
    CHECK(engine.until([&] { return candidate.wire().written.ends_with(std::string_view("\x88\0", 2)); }));
    CHECK_FALSE(engine.last().closed);
    candidate.text("5");
    CHECK(engine.get(polling.url)->status() == 0);  // still polling
  }
}

TEST_CASE("engine upgrade: when the session ends, so does the candidate") {
  Engine engine;
  const Polling polling(engine);
  WebSocket candidate(engine, polling.upgrade);
  candidate.text("2probe");
  engine.post(polling.url, "1");
  CHECK(engine.last().closed == CloseReason::transport_close);
  CHECK(candidate.received() == Frames{"text:3probe", "close:"});
  candidate.text("5");
  CHECK(engine.server.session_count() == 0);
}

TEST_CASE("engine upgrade: a session that the server has closed takes no upgrade") {
  Engine engine;
  const Polling polling(engine);
  engine.last().session->close(CloseReason::forced_close);
  WebSocket candidate(engine, polling.upgrade);
  CHECK(candidate.received() == Frames{"close:"});
}

TEST_CASE("engine upgrade: a pong that is due before the switch is due after it") {
  EngineOptions options = patient();
  options.ping_interval = std::chrono::milliseconds(10);
  options.ping_timeout = std::chrono::milliseconds(30);
  Engine engine(options);
  const Polling polling(engine);
  const auto get = engine.get(polling.url);
  CHECK(engine.until([&] { return get->answered(); }));
  CHECK(get->body() == "2");
  WebSocket candidate(engine, polling.upgrade);
  candidate.text("5");
  CHECK(engine.until([&] { return engine.last().closed.has_value(); }));
  CHECK(engine.last().closed == CloseReason::ping_timeout);
}

}  // namespace engine_upgrade_test
