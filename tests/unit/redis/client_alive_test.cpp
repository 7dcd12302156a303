// How a client notices that a silent connection is dead, and what it asks before it gives a server that was away its commands.

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include <socketio/redis/client.hpp>

#include "client_fixture.hpp"
#include "fake_cluster.hpp"

namespace client_alive_test {

using namespace recorders;
using fixture::quick;
using fixture::wait_for_error;
using redis::Client;
using redis::Options;
using redis::Outcome;
using redis::State;
using redis::SubscriptionKind;

namespace {

using Words = std::vector<std::string>;

const std::string confirmation = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
const std::string pong = "*2\r\n$4\r\npong\r\n$0\r\n\r\n";

Options impatient(const fake::Redis& server) {
  Options options = quick(server);
  options.keepalive = std::chrono::milliseconds(5);
  options.command_timeout = std::chrono::milliseconds(40);
  return options;
}

}  // namespace

TEST_CASE("alive: a connection that only listens is given up when a PING gets no answer") {
  fake::Redis server([](fake::Connection& connection, int number) {
    if (number == 0) {
      CHECK(connection.command() == Words{"SUBSCRIBE", "c"});
      connection.send(confirmation);
      CHECK(connection.command() == Words{"PING"});
    }
    connection.wait_for_end();
  });
  Loop loop;
  Messages messages;
  Client client(loop, impatient(server));
  client.subscribe(SubscriptionKind::channel, "c", messages);
  client.connect();
  REQUIRE(wait(loop, [&] { return client.counters().disconnects == 1; }));
  CHECK(contains(client.last_error(), "did not answer within 40 ms"));
}

TEST_CASE("alive: one that nobody uses, too") {
  fake::Redis server([](fake::Connection& connection, int number) {
    if (number == 0) {
      CHECK(connection.command() == Words{"PING"});
    }
    connection.wait_for_end();
  });
  Loop loop;
  Client client(loop, impatient(server));
  client.connect();
  REQUIRE(wait(loop, [&] { return client.counters().disconnects == 1; }));
  CHECK(client.counters().commands == 0);
}

TEST_CASE("alive: a server that answers keeps the connection, and messages and confirmations pass in between") {
  fake::Redis server([](fake::Connection& connection, int number) {
    CHECK(number == 0);
    CHECK(connection.command() == Words{"SUBSCRIBE", "c"});
    connection.send(confirmation);
    for (int count = 0; count < 3; ++count) {
      CHECK(connection.command() == Words{"PING"});
      connection.send(pong);
    }
    CHECK(connection.command() == Words{"PING"});
    connection.send("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n" + pong);
    connection.wait_for_end();
  });
  Loop loop;
  Messages messages;
  Options options = impatient(server);
  options.command_timeout = std::chrono::milliseconds(20'000);
  Client client(loop, options);
  client.subscribe(SubscriptionKind::channel, "c", messages);
  client.connect();
  REQUIRE(wait(loop, [&] { return messages.messages.size() == 1; }));
  loop.poll();
  CHECK(client.state() == State::ready);
  CHECK(client.counters().protocol_errors == 0);
}

TEST_CASE("alive: what is given while a PING has no answer yet gets its own answer") {
  for (const std::string answer : {"+PONG", "-NOPERM this user has no permissions to run the 'ping' command"}) {
    CAPTURE(answer);
    fake::Redis server([&answer](fake::Connection& connection, int number) {
      CHECK(number == 0);
      CHECK(connection.command() == Words{"PING"});
      CHECK(connection.command() == Words{"PUBLISH", "c", "x"});
      connection.send(answer + "\r\n:7\r\n");
      connection.wait_for_end();
    });
    Loop loop;
    Publishes publishes;
    Options options = impatient(server);
    options.command_timeout = std::chrono::milliseconds(20'000);
    Client client(loop, options);
    client.connect();
    REQUIRE(wait_ready(loop, client));
    const std::uint64_t before = client.counters().bytes_written;
    REQUIRE(wait(loop, [&] { return client.counters().bytes_written != before; }));
    client.publish("c", as_bytes("x"), publishes, 1);
    REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
    CHECK(publishes.ended[0].outcome == Outcome::ok);
    CHECK(publishes.ended[0].receivers == 7);
    CHECK(client.counters().commands == 1);
    CHECK(balanced(client.counters()));
  }
}

TEST_CASE("alive: after a connection that went silent, commands wait until it has answered or had time to") {
  for (const bool answers_late : {true, false}) {
    CAPTURE(answers_late);
    fake::Node server;  // answers on any number of connections
    server.answer_by([&](const Words& words) -> std::string { return words.back() == "silent" ? "" : ":1\r\n"; });
    Loop loop;
    Publishes publishes;
    Options options = quick("redis://127.0.0.1:" + std::to_string(server.port()));
    options.keepalive = std::chrono::milliseconds(0);
    options.command_timeout = std::chrono::milliseconds(60);
    options.silent_wait = answers_late ? patience : std::chrono::milliseconds(30);
    Client client(loop, options);
    client.connect();
    REQUIRE(wait_ready(loop, client));
    client.publish("c", as_bytes("silent"), publishes, 1);
    REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
    CHECK(publishes.ended[0].outcome == Outcome::unconfirmed);
    REQUIRE(wait_ready(loop, client));
    client.publish("c", as_bytes("next"), publishes, 2);
    if (answers_late) {
      client.flush();
      CHECK(client.queued_count() == 1);
      server.send_to_oldest(":1\r\n");
    }
    REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));
    CHECK(publishes.ended[1].outcome == Outcome::ok);
    CHECK(server.count("PUBLISH") == 2);
    CHECK(balanced(client.counters()));
  }
}

TEST_CASE("alive: a PONG that was not asked for, and a number for a PONG, break the connection") {
  fake::Redis unasked([](fake::Connection& connection, int) {
    connection.command();
    connection.send(confirmation + pong);
    connection.wait_for_end();
  });
  fake::Redis number([](fake::Connection& connection, int count) {
    if (count == 0) {
      CHECK(connection.command() == Words{"PING"});
      connection.send(":1\r\n");
    }
    connection.wait_for_end();
  });
  Loop loop;
  Messages messages;
  Options options = quick(unasked);
  Client first(loop, options);
  first.subscribe(SubscriptionKind::channel, "c", messages);
  first.connect();
  REQUIRE(wait_for_error(loop, first));
  CHECK(contains(first.last_error(), "nobody waits for"));
  options = impatient(number);
  options.command_timeout = std::chrono::milliseconds(20'000);
  Client second(loop, options);
  second.connect();
  REQUIRE(wait(loop, [&] { return second.counters().disconnects == 1; }));
  CHECK(contains(second.last_error(), "a number answers PING"));
}

TEST_CASE("alive: a server that was away gets its commands when it has answered, whatever it says until then") {
  const std::pair<std::string, std::string> refusals[] = {
      {"-LOADING Redis is loading the dataset in memory\r\n", "is not ready yet (LOADING"},
      {"-ERR max number of clients reached\r\n", "does not serve us (ERR max number of clients reached)"},
      {"-NOAUTH Authentication required.\r\n", "asks for a password (NOAUTH"},
      {"-DENIED Redis is running in protected mode\r\n", "does not serve us (DENIED"},
      {"-ERR odd\r\n", "does not serve us (ERR odd)"},
  };
  for (const auto& row : refusals) {
    const std::string& refusal = row.first;  // lambdas capture no structured bindings in clang 14
    const std::string& part = row.second;
    CAPTURE(refusal);
    fake::Redis server([&refusal](fake::Connection& connection, int number) {
      if (number == 0) {
        return;  // lost
      }
      CHECK(connection.command() == Words{"PING"});
      if (number == 1) {
        connection.send(refusal);
        connection.wait_for_end();
        return;
      }
      connection.send("+PONG\r\n");
      for (const std::string tag : {"0", "1", "2"}) {
        CHECK(connection.command() == Words{"PUBLISH", "c", tag});
        connection.send(":1\r\n");
      }
      connection.wait_for_end();
    });
    Loop loop;
    Publishes publishes;
    Client client(loop, quick(server));
    std::vector<std::string> reasons;
    client.on_state([&](State, std::string_view why) {
      if (!why.empty()) {
        reasons.emplace_back(why);
      }
    });
    client.connect();
    REQUIRE(wait(loop, [&] { return !reasons.empty(); }));
    for (std::uint64_t tag = 0; tag < 3; ++tag) {
      client.publish("c", as_bytes(std::to_string(tag)), publishes, tag);
    }
    REQUIRE(wait(loop, [&] { return publishes.ended.size() == 3; }));
    CHECK(publishes.count(Outcome::ok) == 3);
    REQUIRE(reasons.size() == 2);
    CHECK(contains(reasons[1], part));
  }
}

TEST_CASE("alive: too many clients is no refusal of a subscription") {
  fake::Redis server([](fake::Connection& connection, int number) {
    if (number == 0) {
      connection.send("-ERR max number of clients reached\r\n");
    } else if (!connection.command().empty()) {
      connection.send(confirmation);
    }
    connection.wait_for_end();
  });
  Loop loop;
  Messages messages;
  Client client(loop, quick(server));
  client.subscribe(SubscriptionKind::channel, "c", messages);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  CHECK(messages.subscribed == std::vector<std::pair<std::string, std::string>>{{"c", ""}});
}

TEST_CASE("alive: too many clients is no reason to doubt the password") {
  fake::Redis server([](fake::Connection& connection, int) {
    connection.send("-ERR max number of clients reached\r\n");
    connection.wait_for_end();
  });
  Loop loop;
  Options options = quick(server);
  options.password = "secret";
  Client client(loop, options);
  client.connect();
  REQUIRE(wait_for_error(loop, client));
  CHECK(contains(client.last_error(), "does not serve us (ERR max number of clients reached)"));
  CHECK_FALSE(client.last_error_is_refusal());
}

}  // namespace client_alive_test
