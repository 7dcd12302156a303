// Pings and pongs, and clients that have gone silent.

#include <doctest/doctest.h>

#include <chrono>

#include "engine_fixture.hpp"

namespace engine_heartbeat_test {

using namespace fixture;

namespace {

EngineOptions quick() {
  EngineOptions options;
  options.ping_interval = std::chrono::milliseconds(15);
  options.ping_timeout = std::chrono::milliseconds(15);
  return options;
}

/// Waits for the next frames.
Frames next(Engine& engine, WebSocket& client) {
  Frames frames;
  engine.until([&] { return !(frames = client.received()).empty(); });
  return frames;
}

}  // namespace

TEST_CASE("engine heartbeat: a client that answers pings stays") {
  Engine engine(quick());
  WebSocket client(engine);
  CHECK(next(engine, client).front().starts_with("text:0{"));
  for (int i = 0; i < 5; ++i) {
    CHECK(next(engine, client) == Frames{"text:2"});
    client.text("3");
  }
  CHECK_FALSE(engine.last().closed);
}

TEST_CASE("engine heartbeat: a client that does not answer is closed, whatever else it says") {
  Engine engine(quick());
  WebSocket client(engine);
  int turns = 0;
  CHECK(engine.until([&] {
    if (++turns % 8 == 0) {
      client.text("4still here");
    }
    return engine.last().closed.has_value();
  }));
  CHECK(engine.last().closed == CloseReason::ping_timeout);
  CHECK(engine.server.counters().ping_timeouts == 1);
  const Frames frames = client.received();
  CHECK(Frames(frames.begin() + 1, frames.end()) == Frames{"text:2", "close:"});
}

TEST_CASE("engine heartbeat: the first other packet extends the wait for a pong, once for each ping") {
  EngineOptions options = patient();
  options.ping_interval = std::chrono::milliseconds(10);
  options.ping_timeout = std::chrono::milliseconds(100);
  Engine engine(options);
  std::vector<WebSocket> clients;  // they are pinged in this order
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(engine);
  }
  engine.turn();
  std::string closed;
  for (std::size_t i = 0; i < 3; ++i) {
    clients[i].received();
    engine.heard[i]->on_close = [&closed, i] { closed += std::to_string(i); };
  }
  CHECK(engine.until([&] { return clients[2].received() == Frames{"text:2"}; }));
  clients[2].text("4busy");
  clients[0].text("4busy");
  clients[2].text("4busy");  // would put it behind the other one
  CHECK(engine.until([&] { return closed.size() == 3; }));
  CHECK(closed == "120");
  CHECK(engine.server.counters().ping_timeouts == 3);
}

TEST_CASE("engine heartbeat: a pong that was not asked for is accepted and restarts the interval") {
  EngineOptions options = quick();
  options.ping_interval = std::chrono::milliseconds(150);
  Engine engine(options);
  WebSocket client(engine);
  WebSocket silent(engine);
  engine.turn();
  client.received();
  silent.received();
  CHECK(engine.until([&, turns = 0]() mutable {
    client.text("3");
    return ++turns > 1 && silent.received() == Frames{"text:2"};
  }));
  CHECK(client.received().empty());
}

TEST_CASE("engine heartbeat: on polling the ping waits for a GET, and the time runs all the same") {
  Engine engine(quick());
  const std::string answering = engine.open_polling();
  const std::string absent = engine.open_polling();
  int pings = 0;
  auto get = engine.get(answering);
  CHECK(engine.until([&] {
    if (get->answered()) {
      CHECK(get->body() == "2");
      ++pings;
      engine.post(answering, "3");
      get = engine.get(answering);
    }
    return pings > 2;
  }));
  CHECK_FALSE(engine.heard[0]->closed);
  CHECK(engine.heard[1]->closed == CloseReason::ping_timeout);
  CHECK(engine.get(absent)->status() == 400);
}

TEST_CASE("engine heartbeat: a GET that waits when the session times out hears of it") {
  EngineOptions options = quick();
  Engine engine(options);
  const std::string session = engine.open_polling();
  const auto first = engine.get(session);
  CHECK(engine.until([&] { return first->answered(); }));
  const auto second = engine.get(session);
  CHECK(engine.until([&] { return second->answered(); }));
  CHECK(second->body() == "1");
  CHECK(engine.last().closed == CloseReason::ping_timeout);
}

}  // namespace engine_heartbeat_test
