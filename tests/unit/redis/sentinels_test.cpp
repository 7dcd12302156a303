// A client with sentinels that do what a test says.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/redis/client.hpp>

#include "client_fixture.hpp"

namespace sentinels_test {

using namespace recorders;
using fixture::wait_for_error;
using redis::Client;
using redis::Options;
using redis::SubscriptionKind;

namespace {

const std::string confirmed = "*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n";

std::string text(const std::string& value) { return "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n"; }
std::string address(std::uint16_t port) { return "*2\r\n" + text("127.0.0.1") + text(std::to_string(port)); }
std::string news(const std::string& payload) { return "*3\r\n" + text("message") + text("+switch-master") + text(payload); }
std::string moved_to(std::uint16_t port) { return news("orders 127.0.0.1 1 127.0.0.1 " + std::to_string(port)); }

/// Answers ROLE, and waits for the end.
struct Server {
  explicit Server(const std::string& role)
      : redis([this, role](fake::Connection& connection, int) {
          if (connection.command() == std::vector<std::string>{"ROLE"}) {
            ++asked;
            connection.send("*3\r\n" + text(role) + ":0\r\n*0\r\n");
          }
          connection.wait_for_end();
        }) {}
  std::atomic<int> asked = 0;
  fake::Redis redis;
};

/// Answers questions with `answer`; each subscriber is confirmed, gets `message` and is let go.
struct Sentinel {
  explicit Sentinel(std::string its_answer, std::string its_message = "")
      : answer(std::move(its_answer)), redis([this, message = std::move(its_message)](fake::Connection& connection, int) {
          const std::vector<std::string> words = connection.command();
          if (words.size() == 3 && words[0] == "SENTINEL" && words[1] == "get-master-addr-by-name" && words[2] == "orders") {
            connection.send(answer);
            connection.wait_for_end();
          } else if (!words.empty() && words[0] == "SUBSCRIBE") {
            connection.send(confirmed + message);
          }
        }) {}
  const std::string answer;
  fake::Redis redis;
};

Options quick(std::initializer_list<const fake::Redis*> sentinels) {
  Options options = fixture::quick("redis+sentinel://ignored/orders");
  options.endpoints.clear();
  for (const fake::Redis* const sentinel : sentinels) {
    options.endpoints.push_back({"127.0.0.1", sentinel->port()});
  }
  return options;
}

}  // namespace

TEST_CASE("sentinels: one that accepts and then is silent does not keep the others from being asked") {
  const fake::Redis silent([](fake::Connection& connection, int) { connection.wait_for_end(); });
  Server master("master");
  const Sentinel knowing(address(master.redis.port()));
  Loop loop;
  Options options = quick({&silent, &knowing.redis});
  options.connect_timeout = std::chrono::milliseconds(600);
  Client client(loop, options);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  CHECK(client.counters().failed_attempts == 0);
}

TEST_CASE("sentinels: the deadline of the attempt is for asking, too") {
  const fake::Redis silent([](fake::Connection& connection, int) { connection.wait_for_end(); });
  Loop loop;
  Options options = quick({&silent});
  options.connect_timeout = std::chrono::milliseconds(40);
  Client client(loop, options);
  client.connect();
  REQUIRE(wait_for_error(loop, client));
  CHECK(contains(client.last_error(), "Sentinel at 127.0.0.1:" + std::to_string(silent.port()) + " did not answer within"));
  CHECK_FALSE(client.last_error_is_refusal());
}

TEST_CASE("sentinels: a replica is not used, and another sentinel is asked") {
  Server replica("slave");
  Server master("master");
  const Sentinel stale(address(replica.redis.port()));
  const Sentinel fresh(address(master.redis.port()));
  Loop loop;
  Client client(loop, quick({&stale.redis, &fresh.redis}));
  std::vector<std::string> reasons;
  client.on_state([&reasons](redis::State, std::string_view why) {
    if (!why.empty()) {
      reasons.emplace_back(why);
    }
  });
  client.connect();
  REQUIRE(wait_ready(loop, client));
  REQUIRE(reasons.size() == 1);
  CHECK(contains(reasons[0], ", the master orders, is a replica now; the sentinels do not know yet."));
  CHECK(replica.asked == 1);
}

TEST_CASE("sentinels: what is no answer of a master is refused with a sentence") {
  Server odd("sentinel");
  Server none("");
  for (const fake::Redis* const server : {&odd.redis, &none.redis}) {
    const Sentinel sentinel(address(server->port()));
    Loop loop;
    Client client(loop, quick({&sentinel.redis}));
    client.connect();
    REQUIRE(wait_for_error(loop, client));
    CHECK(contains(client.last_error(), "does not say that it is the master"));
  }
}

TEST_CASE("sentinels: answers that make no sense end the attempt with a sentence") {
  const std::pair<std::string, std::string> table[] = {
      {"$-1\r\n", "knows no master with the name \"orders\""},
      {"*-1\r\n", "knows no master with the name \"orders\""},
      {"*0\r\n", "makes no sense"},
      {"*1\r\n$1\r\nh\r\n", "makes no sense"},
      {"*2\r\n$0\r\n\r\n$4\r\n6379\r\n", "makes no sense"},
      {"*2\r\n$1\r\nh\r\n$1\r\n0\r\n", "makes no sense"},
      {"*2\r\n$1\r\nh\r\n$5\r\n65536\r\n", "makes no sense"},
      {"*2\r\n$1\r\nh\r\n$2\r\n1x\r\n", "makes no sense"},
      {"*2\r\n$1\r\nh\r\n$2\r\n-1\r\n", "makes no sense"},
      {"*2\r\n*0\r\n*0\r\n", "makes no sense"},
      {":1\r\n", "makes no sense"},
      {"+OK\r\n", "makes no sense"},
      {"-NOAUTH Authentication required.\r\n", "asks for a password"},
      {"-ERR unknown command 'SENTINEL'\r\n", "is no sentinel"},
      {"-NOPERM no\r\n", "refused to name the master (NOPERM no)"},
      {"nonsense\r\n", "does not speak as Redis does"},
      {"*2000000000\r\n$1\r\n", "did not answer"},
  };
  for (const auto& one : table) {
    const auto& answer = one.first;
    const auto& part = one.second;
    CAPTURE(answer);
    const Sentinel sentinel(answer);
    Loop loop;
    Options options = quick({&sentinel.redis});
    options.connect_timeout = part == "did not answer" ? std::chrono::milliseconds(100) : options.connect_timeout;
    Client client(loop, options);
    client.connect();
    REQUIRE(wait_for_error(loop, client));
    CHECK_MESSAGE(contains(client.last_error(), part), client.last_error());
    CHECK(client.last_error_is_refusal() ==
          (part.find("did not") == std::string::npos && part.find("does not") == std::string::npos));
  }
}

TEST_CASE("sentinels: +switch-master moves the client; what is not about its master, or no such message, does not") {
  Server old("master");
  Server chosen("master");
  Server decoy("master");
  const std::string to_decoy = "127.0.0.1 " + std::to_string(decoy.redis.port());
  const Sentinel sentinel(address(old.redis.port()),
                          news("") + news("orders") + news("orders 127.0.0.1 1") + news("orders 127.0.0.1 1 127.0.0.1") +
                              news("orders 127.0.0.1 1 127.0.0.1 0") + news("orders 127.0.0.1 1  6379") +
                              news("other 127.0.0.1 1 " + to_decoy) + news("orders2 127.0.0.1 1 " + to_decoy) +
                              news(std::string(100'000, ' ')) + moved_to(chosen.redis.port()));
  const Sentinel other(address(chosen.redis.port()));  // is asked when the first one contradicts itself
  Loop loop;
  Client client(loop, quick({&sentinel.redis, &other.redis}));
  std::vector<std::string> reasons;
  client.on_state([&reasons](redis::State, std::string_view why) {
    if (!why.empty()) {
      reasons.emplace_back(why);
    }
  });
  client.connect();
  REQUIRE(wait(loop, [&] { return !reasons.empty(); }));
  CHECK(contains(reasons[0], ", the master orders, is not the master any more: the sentinels name 127.0.0.1:" +
                                 std::to_string(chosen.redis.port()) + "."));
  CHECK(decoy.redis.connection_count() == 0);
}

TEST_CASE("sentinels: a failover that happened before the subscription stood is found by asking once more") {
  Server old("master");
  Server chosen("master");
  std::atomic<int> questions = 0;
  const fake::Redis sentinel([&](fake::Connection& connection, int) {
    const std::vector<std::string> words = connection.command();
    if (!words.empty() && words[0] == "SUBSCRIBE") {
      connection.send(confirmed);
    } else if (!words.empty()) {
      connection.send(address((questions++ == 0 ? old : chosen).redis.port()));
      connection.wait_for_end();
    }
  });
  Loop loop;
  Client client(loop, quick({&sentinel}));
  client.connect();
  REQUIRE(wait(loop, [&] { return client.state() == redis::State::ready && client.counters().connects == 2; }));
  CHECK(contains(client.last_error(), "is not the master any more"));
  CHECK(chosen.asked == 1);
}

TEST_CASE("sentinels: a client can be closed, or go, while they are asked and while they are listened to") {
  const fake::Redis silent([](fake::Connection& connection, int) { connection.wait_for_end(); });
  Server master("master");
  const Sentinel sentinel(address(master.redis.port()));
  for (const bool ready : {false, true}) {
    for (const bool close : {false, true}) {
      Loop loop;
      auto client = std::make_unique<Client>(loop, quick({ready ? &sentinel.redis : &silent}));
      Publishes publishes;
      client->connect();
      client->publish("c", as_bytes("x"), publishes, 1);
      if (ready) {
        REQUIRE(wait_ready(loop, *client));
      } else {
        REQUIRE(wait(loop, [&] { return silent.connection_count() > 0; }));
      }
      if (close) {
        bool closed = false;
        client->close(std::chrono::milliseconds(0), [&closed] { closed = true; });
        REQUIRE(wait(loop, [&closed] { return closed; }));
      }
      client.reset();
      CHECK(publishes.ended.size() == 1);
    }
  }
}

TEST_CASE("sentinels: a client may be destroyed by what it tells") {
  Server master("slave");
  const Sentinel sentinel(address(master.redis.port()));
  const Sentinel unknown("$-1\r\n");
  Server real("master");
  const Sentinel moving(address(real.redis.port()), moved_to(1));
  for (const fake::Redis* const asked : {&sentinel.redis, &unknown.redis, &moving.redis}) {
    Loop loop;
    auto client = std::make_unique<Client>(loop, quick({asked}));
    client->on_state([&client](redis::State state, std::string_view) {
      if (state == redis::State::disconnected) {
        client.reset();
      }
    });
    client->connect();
    CHECK(wait(loop, [&client] { return client == nullptr; }));
  }
}

TEST_CASE("sentinels: they get their own log-in, not that for the master") {
  Server master("master");
  std::vector<std::string> login;
  const fake::Redis sentinel([&](fake::Connection& connection, int number) {
    if (number == 0) {
      login = connection.command();
      connection.send("+OK\r\n");
      connection.command();
      connection.send(address(master.redis.port()));
    }
    connection.wait_for_end();
  });
  Loop loop;
  Options options = quick({&sentinel});
  options.sentinel_username = "watcher";
  options.sentinel_password = "of-sentinels";
  Client client(loop, options);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  CHECK(login == std::vector<std::string>{"AUTH", "watcher", "of-sentinels"});
}

TEST_CASE("sentinels: options without sentinels, or without the name of the master, are refused") {
  Loop loop;
  Options options = fixture::quick("redis+sentinel://h/orders");
  options.master_name.clear();
  CHECK_THROWS_AS(Client(loop, options), Error);
  options = fixture::quick("redis+sentinel://h/orders");
  options.endpoints.clear();
  CHECK_THROWS_AS(Client(loop, options), Error);
}

}  // namespace sentinels_test
