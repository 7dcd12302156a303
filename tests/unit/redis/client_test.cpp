// The client against a server that follows a script: what a healthy Redis never does.

#include <doctest/doctest.h>
#include <uv.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/redis_recorders.hpp>

#include "fake_redis.hpp"

using namespace recorders;
using redis::Client;
using redis::Options;
using redis::Outcome;
using redis::State;

namespace {

Options quick(const std::string& url) {
  Options options = redis::parse_url(url);
  options.backoff_min_ms = 1;
  options.backoff_max_ms = 4;
  return options;
}

Options quick(const fake::Redis& server) { return quick(server.url()); }

bool wait_for_error(Loop& loop, const Client& client) {
  return wait(loop, [&client] { return client.state() == State::disconnected && !client.last_error().empty(); });
}

}  // namespace

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

TEST_CASE("client: nothing is sent before the log-in has succeeded") {
  fake::Redis server([](fake::Connection& connection, int) {
    CHECK(connection.command() == std::vector<std::string>{"AUTH", "user", "secret"});
    CHECK(connection.command() == std::vector<std::string>{"SELECT", "3"});
    CHECK(connection.command() == std::vector<std::string>{"CLIENT", "SETNAME", "me"});
    connection.send("+OK\r\n+OK\r\n");
    connection.send("-ERR unknown command\r\n");  // that does no harm
    CHECK(connection.command() == std::vector<std::string>{"PUBLISH", "c", "x"});
    connection.send(":1\r\n");
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.username = "user";
  options.password = "secret";
  options.database = 3;
  options.client_name = "me";
  Client client(loop, options);

  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));

  CHECK(publishes.ended[0].outcome == Outcome::ok);
}

TEST_CASE("client: why a log-in failed is said in a sentence, without the password") {
  struct Row {
    std::string answer;
    bool refusal;
    std::string part;
  };
  const Row table[] = {
      {"-WRONGPASS invalid username-password pair or user is disabled.\r\n+OK\r\n", true,
       "refused the password (WRONGPASS invalid"},
      {"-ERR unknown command 'AUTH', with args beginning with: 'hunter2' \r\n+OK\r\n", true,
       "refused the password (ERR unknown"},
      {"+OK\r\n-ERR DB index is out of range\r\n", true, "refused database 3 (ERR DB index"},
      {"+OK\r\n-NOAUTH Authentication required.\r\n", true, "asks for a password (NOAUTH"},
      {"-LOADING Redis is loading the dataset in memory\r\n+OK\r\n", false, "is not ready yet (LOADING"},
      {"+OK\r\n-MASTERDOWN Link with MASTER is down\r\n", false, "is not ready yet (MASTERDOWN"},
      {":1\r\n", false, "does not speak as Redis does"},
  };
  for (const Row& row : table) {
    CAPTURE(row.answer);
    fake::Redis server([&row](fake::Connection& connection, int) {
      connection.command();
      connection.command();
      connection.send(row.answer);
      connection.wait_for_end();
    });
    Loop loop;
    Options options = quick(server);
    options.password = "hunter2";
    options.database = 3;
    Client client(loop, options);

    client.connect();
    REQUIRE(wait_for_error(loop, client));

    CAPTURE(client.last_error());
    CHECK(client.last_error().find(row.part) != std::string::npos);
    CHECK(client.last_error().find("hunter2") == std::string::npos);
    CHECK(client.last_error_is_refusal() == row.refusal);
  }
}

TEST_CASE("client: a server that is busy at first gets the commands later") {
  fake::Redis server([](fake::Connection& connection, int number) {
    connection.command();
    connection.send(number < 3 ? "-LOADING Redis is loading the dataset in memory\r\n" : "+OK\r\n");
    connection.command();
    connection.send(":1\r\n");
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.password = "x";
  Client client(loop, options);

  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));

  CHECK(publishes.ended[0].outcome == Outcome::ok);
  CHECK(client.counters().failed_attempts == 3);
}

TEST_CASE("client: where nobody listens, the sentence says so and the commands wait") {
  Loop loop;
  Publishes publishes;
  Client client(loop, quick("redis://127.0.0.1:" + std::to_string(fake::free_port())));

  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  REQUIRE(wait(loop, [&] { return client.counters().failed_attempts >= 3; }));

  CHECK(client.last_error().find("refused the connection") != std::string::npos);
  CHECK_FALSE(client.last_error_is_refusal());
  CHECK(publishes.ended.empty());
  CHECK(client.queued_count() == 1);
}

TEST_CASE("client: a unix socket that is not there, and a host without an address, have sentences of their own") {
  Loop loop;
  Client no_socket(loop, quick("unix:///nowhere/at/all.sock"));
  Client no_host(loop, quick("redis://no-such-host.invalid"));

  no_socket.connect();
  no_host.connect();
  REQUIRE(wait_for_error(loop, no_socket));
  REQUIRE(wait_for_error(loop, no_host));

  CHECK(no_socket.last_error() == "Redis at unix:///nowhere/at/all.sock cannot be reached: there is no such socket.");
  CHECK(no_host.last_error().find("the name of the host has no address") != std::string::npos);
}

TEST_CASE("client: a server that accepts and says nothing is given up after the connect timeout") {
  fake::Redis server([](fake::Connection& connection, int) { connection.wait_for_end(); });
  Loop loop;
  Options options = quick(server);
  options.password = "x";
  options.connect_timeout_ms = 30;
  Client client(loop, options);

  client.connect();
  REQUIRE(wait(loop, [&] { return client.counters().failed_attempts == 2; }));

  CHECK(client.last_error().find("did not answer the log-in within 30 ms") != std::string::npos);
}

TEST_CASE("client: a server that stops answering is given up, and what it had is unconfirmed") {
  fake::Redis server([](fake::Connection& connection, int number) {
    connection.command();
    if (number != 0) {
      connection.send(":1\r\n");
    }
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.command_timeout_ms = 30;
  Client client(loop, options);

  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
  CHECK(publishes.ended[0].outcome == Outcome::unconfirmed);
  CHECK(publishes.ended[0].message.find("did not answer within 30 ms") != std::string::npos);

  client.publish("c", as_bytes("y"), publishes, 2);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));
  CHECK(publishes.ended[1].outcome == Outcome::ok);
  CHECK(balanced(client.counters()));
}

TEST_CASE("client: an answer that lies in the socket counts, however long the loop was not turned") {
  std::atomic<bool> answered = false;
  fake::Redis server([&answered](fake::Connection& connection, int) {
    connection.command();
    connection.send(":1\r\n");
    answered = true;
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.command_timeout_ms = 20;
  Client client(loop, options);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  client.publish("c", as_bytes("x"), publishes, 1);
  client.flush();

  const auto gone = std::chrono::steady_clock::now() + std::chrono::milliseconds(60);
  while (!answered || std::chrono::steady_clock::now() < gone) {
    std::this_thread::yield();  // the application does something else
  }
  REQUIRE(wait(loop, [&] { return !publishes.ended.empty(); }));

  CHECK(publishes.ended[0].outcome == Outcome::ok);
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

TEST_CASE("client: what Redis says before it closes is the reason") {
  fake::Redis server([](fake::Connection& connection, int) { connection.send("-ERR max number of clients reached\r\n"); });
  Loop loop;
  Client client(loop, quick(server));
  client.connect();
  REQUIRE(wait_for_error(loop, client));
  CHECK(client.last_error().find("does not serve us (ERR max number of clients reached)") != std::string::npos);
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

TEST_CASE("client: the fail policy fails at once while Redis is away, but waits for the first attempt") {
  Loop loop;
  Publishes publishes;
  Options options = quick("redis://127.0.0.1:" + std::to_string(fake::free_port()));
  options.offline = redis::OfflinePolicy::fail;
  options.backoff_min_ms = options.backoff_max_ms = 60'000;
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
  fake::Redis server([&received](fake::Connection& connection, int) {
    connection.command();
    received = true;
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

  client.close(patience_ms, [&done] { ++done; });
  client.publish("c", as_bytes("x"), publishes, 2);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
  CHECK(publishes.ended[0].tag == 2);
  CHECK(publishes.ended[0].outcome == Outcome::not_sent);
  CHECK(done == 0);
  go_on = true;
  REQUIRE(wait(loop, [&] { return done != 0; }));

  CHECK(publishes.ended.back().outcome == Outcome::ok);
  CHECK(client.state() == State::closed);
  client.close(0, [&done] { ++done; });
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
  client.close(20, [&done] { done = true; });
  REQUIRE(wait(loop, [&] { return done; }));
  REQUIRE(publishes.ended.size() == 1);
  CHECK(publishes.ended[0].outcome == Outcome::not_sent);
  CHECK(client.counters().not_sent_closed == 1);
}

TEST_CASE("client: waits between attempts grow, and chance shortens them") {
  struct Half final : Random {
    int asked = 0;
    void fill(std::span<std::uint8_t> bytes) override {
      ++asked;
      std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
    }
  } random;
  Loop loop;
  Options options = quick("redis://127.0.0.1:" + std::to_string(fake::free_port()));
  options.backoff_min_ms = 10;
  options.backoff_max_ms = 40;
  Client client(loop, options, &random);
  std::vector<std::uint64_t> failed_at;
  client.on_state([&](State state, std::string_view) {
    if (state == State::disconnected) {
      failed_at.push_back(loop.now_ms());
    }
  });
  client.connect();
  REQUIRE(wait(loop, [&] { return failed_at.size() == 5; }));
  CHECK(random.asked == 5);
  CHECK(failed_at[1] - failed_at[0] >= 10);
  CHECK(failed_at[2] - failed_at[1] >= 20);
  CHECK(failed_at[3] - failed_at[2] >= 40);
  CHECK(failed_at[4] - failed_at[3] >= 40);
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
  client.close(0);
  REQUIRE(wait(loop, [&] { return client.state() == State::closed && publishes.ended.size() == given; }));
  CHECK(balanced(client.counters()));
}
