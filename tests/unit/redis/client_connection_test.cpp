// The client against a server that follows a script: connecting, log-in, loss, and trying again.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <socketio/common/milliseconds.hpp>
#include <socketio/redis/client.hpp>
#include <support/redis_recorders.hpp>

#include "client_fixture.hpp"
#include "fake_redis.hpp"

namespace client_connection_test {

using namespace recorders;
using fixture::quick;
using fixture::wait_for_error;
using redis::Client;
using redis::Options;
using redis::Outcome;
using redis::State;

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

TEST_CASE("client: a password whose letters are in the sentence, too, is left out where it is quoted, and garbles nothing") {
  for (const std::string password : {"ERR", "a", "AUTH"}) {
    CAPTURE(password);
    fake::Redis server([&password](fake::Connection& connection, int) {
      connection.command();
      connection.send("-ERR unknown command `AUTH`, with args beginning with: '" + password + "' \r\n");
      connection.wait_for_end();
    });
    Loop loop;
    Options options = quick(server);
    options.password = password;
    Client client(loop, options);
    client.connect();
    REQUIRE(wait_for_error(loop, client));
    CHECK(client.last_error().find("with args beginning with: '***'") != std::string::npos);
    CHECK(client.last_error().find("(ERR unknown command") != std::string::npos);
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
  options.connect_timeout = std::chrono::milliseconds(30);
  Client client(loop, options);

  client.connect();
  REQUIRE(wait(loop, [&] { return client.counters().failed_attempts == 2; }));

  CHECK(client.last_error().find("did not answer the log-in within 30 ms") != std::string::npos);
}

TEST_CASE("client: a server that stops answering is given up, and what it had is unconfirmed") {
  fake::Redis server([](fake::Connection& connection, int number) {
    if (number == 0) {
      connection.command();
    } else {
      fixture::answer_ping(connection);
      connection.command();
      connection.send(":1\r\n");
    }
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.command_timeout = std::chrono::milliseconds(30);
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
  options.command_timeout = std::chrono::milliseconds(20);
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

TEST_CASE("client: while an answer is overdue nothing more is written, and the next connection gets it") {
  std::vector<std::string> second;
  fake::Redis server([&second](fake::Connection& connection, int number) {
    if (number == 0) {
      connection.command();
      CHECK(connection.command().empty());  // the end: "held back" was never written here
      return;
    }
    fixture::answer_ping(connection);
    second = connection.command();
    connection.send(":1\r\n");
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.command_timeout = std::chrono::milliseconds(500);
  Client client(loop, options);
  client.connect();
  client.publish("c", as_bytes("unanswered"), publishes, 1);
  REQUIRE(wait(loop, [&] { return client.in_flight_count() == 1; }));
  const std::uint64_t overdue_ms = loop.now_ms() + in_ms(options.command_timeout) / 10;
  REQUIRE(wait(loop, [&] { return loop.now_ms() > overdue_ms; }));

  client.publish("c", as_bytes("held back"), publishes, 2);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));

  CHECK(publishes.ended[0].outcome == Outcome::unconfirmed);
  CHECK(publishes.ended[1].outcome == Outcome::ok);
  REQUIRE(second.size() == 3);
  CHECK(second[2] == "held back");
}

TEST_CASE("client: a connection that is given up is reset, so that nothing of it arrives late") {
  std::atomic<int> how = 0;
  fake::Redis server([&how](fake::Connection& connection, int number) {
    if (number == 0) {
      connection.command();
      how = connection.wait_for_end();
      return;
    }
    connection.wait_for_end();
  });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.command_timeout = std::chrono::milliseconds(30);
  Client client(loop, options);
  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  REQUIRE(wait(loop, [&] { return how != 0; }));
  CHECK(how == ECONNRESET);
}

TEST_CASE("client: a connection that was good for a while is replaced at once") {
  fake::Redis server([](fake::Connection& connection, int number) {
    if (number == 0) {
      connection.command();
      connection.send(":1\r\n");
      connection.command();
    } else {
      fixture::answer_ping(connection);
      connection.wait_for_end();
    }
  });
  struct Counting final : Random {
    int asked = 0;
    void fill(std::span<std::uint8_t> bytes) override {
      ++asked;
      std::fill(bytes.begin(), bytes.end(), std::uint8_t{0});
    }
  } random;
  Loop loop;
  Publishes publishes;
  Client client(loop, quick(server), &random);
  client.connect();
  client.publish("c", as_bytes("x"), publishes, 1);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
  const std::uint64_t good_until_ms = loop.now_ms() + 10;
  REQUIRE(wait(loop, [&] { return loop.now_ms() > good_until_ms; }));
  client.publish("c", as_bytes("ends it"), publishes, 2);
  REQUIRE(wait(loop, [&] { return client.counters().connects == 2; }));
  CHECK(random.asked == 0);  // no wait was computed
}

TEST_CASE("client: after an outage publishes wait for those who are to hear them, and other commands do not") {
  std::atomic<int> answered = 0;
  fake::Redis server([&answered](fake::Connection& connection, int number) {
    if (number != 0) {
      fixture::answer_ping(connection);
    }
    for (int count = 0; number != 0 || count < 1; ++count) {  // the first connection ends after one command
      if (connection.command().empty()) {
        return;
      }
      ++answered;  // before the client can know of the answer
      connection.send(":1\r\n");
    }
  });
  Loop loop;
  Publishes publishes;
  Options options = quick(server);
  options.backoff_min = std::chrono::milliseconds(40);
  options.backoff_max = std::chrono::milliseconds(40);
  options.resume_wait_max = std::chrono::milliseconds(10'000);
  Client client(loop, options);
  client.connect();
  client.publish("c", as_bytes("1"), publishes, 1);
  REQUIRE(wait(loop, [&] { return client.state() == State::disconnected; }));
  REQUIRE(publishes.ended.size() == 1);
  bool replied = false;
  const std::array<std::string_view, 1> words{"COMMAND"};
  client.command(words, [&](const redis::CommandResult&) {
    replied = true;
    CHECK(publishes.ended.size() == 1);
  });
  const std::uint64_t lost_ms = loop.now_ms();
  REQUIRE(wait_ready(loop, client));
  const std::uint64_t away_ms = loop.now_ms() - lost_ms;
  const std::uint64_t back_ms = loop.now_ms();
  REQUIRE(wait(loop, [&] { return replied; }));
  client.publish("c", as_bytes("2"), publishes, 2);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));
  CHECK(loop.now_ms() >= back_ms + away_ms);
  CHECK(answered == 3);
}

TEST_CASE("client: what Redis says before it closes is the reason") {
  fake::Redis server([](fake::Connection& connection, int) { connection.send("-ERR max number of clients reached\r\n"); });
  Loop loop;
  Client client(loop, quick(server));
  client.connect();
  REQUIRE(wait_for_error(loop, client));
  CHECK(client.last_error().find("does not serve us (ERR max number of clients reached)") != std::string::npos);
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
  options.backoff_min = std::chrono::milliseconds(10);
  options.backoff_max = std::chrono::milliseconds(40);
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

}  // namespace client_connection_test
