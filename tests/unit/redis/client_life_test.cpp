// The client against a server that follows a script: what waits in its queue, callbacks that misbehave, and how it ends.

#include <doctest/doctest.h>
#include <uv.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/redis_recorders.hpp>

#include "client_fixture.hpp"
#include "fake_redis.hpp"

namespace client_life_test {

using namespace recorders;
using fixture::quick;
using redis::Client;
using redis::Options;
using redis::Outcome;
using redis::State;

TEST_CASE("client: the fail policy fails at once while Redis is away, but waits for the first attempt") {
  Loop loop;
  Publishes publishes;
  Options options = quick("redis://127.0.0.1:" + std::to_string(fake::free_port()));
  options.offline = redis::OfflinePolicy::fail;
  options.backoff_min = options.backoff_max = std::chrono::milliseconds(60'000);
  Client client(loop, options);

  client.publish("c", as_bytes("x"), publishes, 1);
  client.connect();
  loop.poll();
  client.publish("c", as_bytes("x"), publishes, 2);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));
  client.publish("c", as_bytes("x"), publishes, 3);
  CHECK(publishes.ended.size() == 2);  // never inside the call
  loop.poll();

  REQUIRE(publishes.ended.size() == 3);
  CHECK(publishes.count(Outcome::not_sent) == 3);
  CHECK(publishes.ended[2].message.find("refused the connection") != std::string::npos);
  CHECK(client.counters().not_sent_offline == 3);
}

TEST_CASE("client: a full queue refuses, but an empty one takes a message of any size") {
  Loop loop;
  Publishes publishes;
  Options options = redis::parse_url("redis://127.0.0.1:1");
  options.queue_bytes_max = 1'000;
  Client client(loop, options);  // never connects: everything waits

  client.publish("c", as_bytes(std::string(5'000, 'x')), publishes, 1);
  client.publish("c", as_bytes("x"), publishes, 2);
  CHECK(publishes.ended.empty());
  loop.poll();

  REQUIRE(publishes.ended.size() == 1);
  CHECK(publishes.ended[0].tag == 2);
  CHECK(publishes.ended[0].outcome == Outcome::not_sent);
  CHECK(publishes.ended[0].message == "The queue is full.");
  CHECK(client.counters().not_sent_queue_full == 1);
  CHECK(client.queued_count() == 1);
}

TEST_CASE("client: drop_oldest makes room for what is newer") {
  Loop loop;
  Publishes publishes;
  Options options = redis::parse_url("redis://127.0.0.1:1");
  options.queue_bytes_max = 1'000;
  options.offline = redis::OfflinePolicy::drop_oldest;
  Client client(loop, options);

  for (std::uint64_t tag = 0; tag < 10; ++tag) {
    client.publish("c", as_bytes(std::string(400, 'x')), publishes, tag);
  }
  loop.poll();

  REQUIRE(publishes.ended.size() == 8);
  for (std::size_t index = 0; index < 8; ++index) {
    CHECK(publishes.ended[index].tag == index);
    CHECK(publishes.ended[index].outcome == Outcome::not_sent);
  }
  CHECK(client.counters().dropped_oldest == 8);
  CHECK(client.queued_count() == 2);
}

TEST_CASE("client: abandon() ends what waits as not sent, and what was written as unconfirmed") {
  std::atomic<bool> received = false;
  fake::Redis server([&received](fake::Connection& connection, int number) {
    if (number == 0) {
      connection.command();
      received = true;
    } else {
      fixture::answer_ping(connection);
    }
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.in_flight_max = 1;
  Client client(loop, options);
  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  client.publish("c", as_bytes("y"), publishes, 2);
  REQUIRE(wait(loop, [&] { return received.load(); }));

  client.abandon("The deadline has passed.");
  CHECK(publishes.ended.empty());
  loop.poll();

  REQUIRE(publishes.ended.size() == 2);
  CHECK(publishes.ended[0].outcome == Outcome::unconfirmed);
  CHECK(publishes.ended[1].outcome == Outcome::not_sent);
  CHECK(publishes.ended[1].message == "The deadline has passed.");
  CHECK(wait_ready(loop, client));
  CHECK(balanced(client.counters()));
}

TEST_CASE("client: exceptions of callbacks are logged, and harm nobody") {
  fake::Redis server([](fake::Connection& connection, int) {
    for (int count = 0; count < 3; ++count) {
      connection.command();
      connection.send(":1\r\n");
    }
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  std::vector<std::string> logged;
  Options options = quick(server);
  options.log = [&logged](const redis::LogRecord& record) {
    if (record.level == redis::LogLevel::error) {
      logged.emplace_back(record.detail);
    }
  };
  Client client(loop, options);
  client.on_state([](State, std::string_view) { throw std::runtime_error("state"); });
  publishes.then = [](const Ended&) { throw std::runtime_error("published"); };
  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  client.publish("c", as_bytes("x"), publishes, 2);
  const std::vector<std::string_view> words{"PING"};
  bool done = false;
  client.command(words, [&done](redis::CommandResult) {
    done = true;
    throw 1;
  });
  REQUIRE(wait(loop, [&] { return done; }));

  CHECK(publishes.count(Outcome::ok) == 2);
  CHECK(logged.size() == 5);  // connecting, ready, two publishes, one command
}

TEST_CASE("client: a function for states keeps what it remembers from one call to the next, and may set another one") {
  fake::Redis server([](fake::Connection& connection, int) {
    while (!connection.command().empty()) {
      connection.send(":1\r\n");
    }
  });
  Loop loop;
  Client client(loop, quick(server));
  std::vector<int> calls;
  bool replaced = false;
  client.on_state([&, count = 0](State state, std::string_view) mutable {
    calls.push_back(++count);
    if (state == State::ready) {
      client.on_state([&replaced](State, std::string_view) { replaced = true; });
      calls.push_back(++count);  // what it remembers is still there
    }
  });
  client.connect();
  REQUIRE(wait(loop, [&] { return calls.size() >= 3; }));
  CHECK(calls == std::vector<int>{1, 2, 3});
  client.close(std::chrono::milliseconds(0));
  REQUIRE(wait(loop, [&] { return replaced; }));
}

TEST_CASE("client: it may be destroyed in any of its callbacks") {
  fake::Redis server([](fake::Connection& connection, int) {
    while (!connection.command().empty()) {
      connection.send("*1\r\n:1\r\n:1\r\n");  // one command gets a good answer, a publish a bad one
    }
  });
  for (int where = 0; where < 5; ++where) {
    CAPTURE(where);
    Loop loop;
    Publishes publishes;
    std::optional<Client> client;
    Options options = quick(server);
    client.emplace(loop, options);
    bool destroyed = false;
    const auto destroy = [&client, &destroyed] {
      client.reset();
      destroyed = true;
    };
    client->on_state([&](State state, std::string_view) {
      if ((where == 0 && state == State::connecting) || (where == 1 && state == State::ready) ||
          (where == 2 && state == State::disconnected)) {
        destroy();
      }
    });
    publishes.then = [&](const Ended& ended) {
      if (where == 3 && ended.tag == 1) {
        destroy();
      }
    };
    client->connect();
    const std::vector<std::string_view> words{"PING"};
    client->command(words, [&](redis::CommandResult) {
      if (where == 4) {
        destroy();
      }
    });
    client->publish("c", as_bytes("x"), publishes, 1);
    client->publish("c", as_bytes("x"), publishes, 2);
    REQUIRE(wait(loop, [&] { return destroyed; }));
    CHECK(publishes.ended.size() == 2);
  }
}

TEST_CASE("client: on an adopted loop it leaves nothing behind after one more turn") {
  fake::Redis server([](fake::Connection& connection, int) {
    connection.command();
    connection.send(":1\r\n");
    connection.wait_for_end();
  });
  uv_loop_t adopted;
  REQUIRE(uv_loop_init(&adopted) == 0);
  {
    Loop loop(&adopted);
    Publishes publishes;
    Client client(loop, quick(server));
    client.connect();
    client.publish("c", as_bytes("x"), publishes, 1);
    REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
    client.publish("c", as_bytes("x"), publishes, 2);
    client.flush();
  }
  uv_run(&adopted, UV_RUN_NOWAIT);
  CHECK(uv_loop_close(&adopted) == 0);
}

TEST_CASE("client: destroying it ends everything, during the call") {
  Loop loop;
  Publishes publishes;
  std::optional<redis::CommandResult> result;
  {
    Client client(loop, redis::parse_url("redis://127.0.0.1:1"));
    client.publish("c", as_bytes("x"), publishes, 1);
    const std::vector<std::string_view> words{"PING"};
    client.command(words, [&result](redis::CommandResult ended) { result = std::move(ended); });
  }
  REQUIRE(publishes.ended.size() == 1);
  CHECK(publishes.ended[0].outcome == Outcome::not_sent);
  REQUIRE(result.has_value());
  CHECK(result->outcome == Outcome::not_sent);
}

TEST_CASE("client: close() lets commands finish, takes no more, and says when it is done") {
  std::atomic<bool> go_on = false;
  fake::Redis server([&go_on](fake::Connection& connection, int) {
    connection.command();
    while (!go_on) {
      std::this_thread::yield();
    }
    connection.send(":1\r\n");
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Client client(loop, quick(server));
  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  int done = 0;

  client.close(patience, [&done] { ++done; });
  client.publish("c", as_bytes("x"), publishes, 2);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
  CHECK(publishes.ended[0].tag == 2);
  CHECK(publishes.ended[0].outcome == Outcome::not_sent);
  CHECK(done == 0);
  go_on = true;
  REQUIRE(wait(loop, [&] { return done != 0; }));

  CHECK(publishes.ended.back().outcome == Outcome::ok);
  CHECK(client.state() == State::closed);
  client.close(std::chrono::milliseconds(0), [&done] { ++done; });
  REQUIRE(wait(loop, [&] { return done == 2; }));
  loop.run();  // nothing is left to wait for
  CHECK(balanced(client.counters()));
}

TEST_CASE("client: close() gives up at its deadline") {
  Loop loop;
  Publishes publishes;
  Client client(loop, quick("redis://127.0.0.1:" + std::to_string(fake::free_port())));
  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  bool done = false;
  client.close(std::chrono::milliseconds(20), [&done] { done = true; });
  REQUIRE(wait(loop, [&] { return done; }));
  REQUIRE(publishes.ended.size() == 1);
  CHECK(publishes.ended[0].outcome == Outcome::not_sent);
  CHECK(client.counters().not_sent_closed == 1);
}

}  // namespace client_life_test
