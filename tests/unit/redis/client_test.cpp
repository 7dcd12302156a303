// The client against a server that follows a script: what a healthy Redis never does. Commands out, answers in.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/redis_recorders.hpp>

#include "client_fixture.hpp"
#include "fake_redis.hpp"

namespace client_test {

using namespace recorders;
using fixture::quick;
using redis::Client;
using redis::Options;
using redis::Outcome;
using redis::State;

TEST_CASE("client: a publish is answered with its receivers, byte by byte if need be") {
  fake::Redis server([](fake::Connection& connection, int) {
    connection.command();
    connection.command();
    connection.send_slowly(":3\r\n:12345678901\r\n");
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Client client(loop, quick(server));

  client.connect();
  client.publish("c", as_bytes("one"), publishes, 1);
  client.publish("c", as_bytes("two"), publishes, 2);
  CHECK(publishes.ended.empty());
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));

  CHECK(publishes.ended[0].tag == 1);
  CHECK(publishes.ended[0].receivers == 3);
  CHECK(publishes.ended[1].receivers == 12'345'678'901);
  CHECK(balanced(client.counters()));
}

TEST_CASE("client: commands answer with every kind of reply, one in pieces") {
  fake::Redis server([](fake::Connection& connection, int) {
    for (const std::string_view reply : {"+PONG\r\n", "$-1\r\n", "*2\r\n:1\r\n$2\r\nab\r\n", "-ERR no\r\n", ":7\r\n"}) {
      connection.command();
      connection.send_slowly(reply);
    }
    connection.wait_for_end();
  });
  Loop loop;
  std::vector<redis::CommandResult> results;
  Client client(loop, quick(server));
  client.connect();

  const std::vector<std::string_view> words{"ANY", "thing"};
  for (int index = 0; index < 5; ++index) {
    client.command(words, [&results](redis::CommandResult result) { results.push_back(std::move(result)); });
  }
  CHECK(results.empty());
  REQUIRE(wait(loop, [&] { return results.size() == 5; }));

  CHECK(results[0].reply.type == redis::Reply::Type::status);
  CHECK(results[0].reply.text == "PONG");
  CHECK(results[1].reply.type == redis::Reply::Type::nil);
  REQUIRE(results[2].reply.elements.size() == 2);
  CHECK(results[2].reply.elements[1].text == "ab");
  CHECK(results[3].outcome == Outcome::refused);
  CHECK(results[3].message == "ERR no");
  CHECK(results[4].reply.integer == 7);
}

TEST_CASE("client: a connection that ends in the middle of a command repeats that command, and no other") {
  // The first connection is closed when the system cannot take everything: the large command was never whole.
  const std::string large(std::size_t{32} << 20, 'x');
  std::atomic<int> repeated = 0;
  fake::Redis server([&](fake::Connection& connection, int number) {
    if (number == 0) {
      CHECK(connection.command().back() == "first");
      connection.read(100'000);
      return;
    }
    fixture::answer_ping(connection);
    const auto words = connection.command();
    REQUIRE(words.size() == 3);
    CHECK(words[2].size() == large.size());
    CHECK(words[2] == large);
    ++repeated;
    connection.send(":5\r\n");
    CHECK(connection.command().back() == "last");
    connection.send(":6\r\n");
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Client client(loop, quick(server));

  client.connect();
  client.publish("c", as_bytes("first"), publishes, 1);
  client.publish("c", as_bytes(large), publishes, 2);
  client.publish("c", as_bytes("last"), publishes, 3);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 3; }));

  CHECK(publishes.ended[0].tag == 1);
  CHECK(publishes.ended[0].outcome == Outcome::unconfirmed);
  CHECK(publishes.ended[1].receivers == 5);
  CHECK(publishes.ended[2].receivers == 6);
  CHECK(repeated == 1);
  CHECK(balanced(client.counters()));
}

TEST_CASE(
    "client: within a turn, small commands are written when enough has gathered, few large ones when four times as much") {
  fake::Redis server([](fake::Connection& connection, int) { connection.wait_for_end(); });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.flush_bytes = 1'000;
  options.command_timeout = std::chrono::milliseconds(0);  // Redis answers nothing here
  Client client(loop, options);
  client.connect();
  REQUIRE(wait_ready(loop, client));

  const auto publishes_until_write = [&](std::size_t bytes) {
    const std::string payload(bytes, 'x');
    const std::uint64_t before = client.counters().writes;
    std::size_t count = 0;
    while (client.counters().writes == before && count < 1'000) {
      client.publish("c", as_bytes(payload), publishes, ++count);
    }
    return count;
  };
  // A command has about 30 bytes more.
  CHECK(publishes_until_write(10) > 20);
  CHECK(publishes_until_write(100) == 16);
  CHECK(publishes_until_write(200) == 16);
  CHECK(publishes_until_write(500) == 8);
  CHECK(publishes_until_write(1'500) == 3);
  CHECK(publishes_until_write(4'000) == 1);
}

TEST_CASE("client: no more commands are written than may be unanswered") {
  std::atomic<int> received = 0;
  std::atomic<bool> go_on = false;
  fake::Redis server([&](fake::Connection& connection, int) {
    for (int count = 0; count < 10; ++count) {
      connection.command();
      ++received;
    }
    while (!go_on) {
      std::this_thread::yield();
    }
    for (int count = 0; count < 10; ++count) {
      connection.send(":0\r\n");
    }
    for (int count = 0; count < 15; ++count) {
      connection.command();
      connection.send(":0\r\n");
    }
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.in_flight_max = 10;
  Client client(loop, options);
  client.connect();

  for (std::uint64_t tag = 0; tag < 25; ++tag) {
    client.publish("c", as_bytes("x"), publishes, tag);
  }
  REQUIRE(wait(loop, [&] { return received == 10; }));
  CHECK(client.in_flight_count() == 10);
  CHECK(client.queued_count() == 15);
  go_on = true;
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 25; }));

  CHECK(publishes.count(Outcome::ok) == 25);
}

TEST_CASE("client: garbage ends the connection, is counted, and the client tries again") {
  for (const std::string_view garbage :
       {"HTTP/1.1 400 Bad Request\r\n\r\n", "$3\r\nabc\r\n", "+OK\r\n", "*1\r\n:1\r\n", "$-5\r\n"}) {
    CAPTURE(garbage);
    fake::Redis server([garbage](fake::Connection& connection, int number) {
      if (number != 0) {
        fixture::answer_ping(connection);
      }
      connection.command();
      connection.send(number == 0 ? garbage : ":1\r\n");
      connection.wait_for_end();
    });
    Loop loop;
    Publishes publishes;
    Client client(loop, quick(server));

    client.connect();
    client.publish("c", as_bytes("x"), publishes, 1);
    REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
    client.publish("c", as_bytes("x"), publishes, 2);
    REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));

    CHECK(publishes.ended[0].outcome == Outcome::unconfirmed);
    CHECK(publishes.ended[1].outcome == Outcome::ok);
    CHECK(client.counters().protocol_errors == 1);
    CHECK(balanced(client.counters()));
  }
}

TEST_CASE("client: answers that nobody waits for end the connection") {
  for (const std::string_view unasked : {":1\r\n", "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n", "+OK\r\n"}) {
    CAPTURE(unasked);
    fake::Redis server([unasked](fake::Connection& connection, int) {
      connection.send(unasked);
      connection.wait_for_end();
    });
    Loop loop;
    Client client(loop, quick(server));
    client.connect();
    CHECK(wait(loop, [&] { return client.counters().protocol_errors != 0; }));
  }
}

TEST_CASE("client: a reply above the limit ends the connection") {
  fake::Redis server([](fake::Connection& connection, int) {
    connection.command();
    connection.send("$1000000000\r\n");
    for (int count = 0; count < 100; ++count) {
      connection.send(std::string(10'000, 'x'));
    }
    connection.wait_for_end();
  });
  Loop loop;
  Options options = quick(server);
  options.reply_bytes_max = 100'000;
  Client client(loop, options);
  client.connect();
  std::optional<redis::CommandResult> result;
  const std::vector<std::string_view> words{"GET", "x"};
  client.command(words, [&result](redis::CommandResult ended) { result = std::move(ended); });
  REQUIRE(wait(loop, [&] { return result.has_value(); }));
  CHECK(result->outcome == Outcome::unconfirmed);
  CHECK(result->message.find("larger than the limit") != std::string::npos);
}

TEST_CASE("client: chance bytes for answers never break more than the connection") {
  fake::Redis server([](fake::Connection& connection, int number) {
    std::string bytes = number % 2 == 0 ? "" : ":1\r\n";
    std::uint32_t seed = 12'345U + static_cast<std::uint32_t>(number);
    for (int count = 0; count < 40; ++count) {
      seed = seed * 1'664'525U + 1'013'904'223U;
      bytes.push_back("*$:+-01239\r\n\r\nabc\xff"[seed >> 28U]);
    }
    connection.command();
    connection.send(bytes);
  });
  Loop loop;
  Publishes publishes;
  Client client(loop, quick(server));
  client.connect();
  std::uint64_t given = 0;
  REQUIRE(wait(loop, [&] {
    while (given < publishes.ended.size() + 3) {
      client.publish("c", as_bytes("x"), publishes, ++given);
    }
    return server.connection_count() >= 150;
  }));
  client.close(std::chrono::milliseconds(0));
  REQUIRE(wait(loop, [&] { return client.state() == State::closed && publishes.ended.size() == given; }));
  CHECK(balanced(client.counters()));
}

}  // namespace client_test
