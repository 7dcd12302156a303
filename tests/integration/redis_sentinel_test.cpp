// The client with real sentinels, a master and its replica.

#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/authority.hpp>
#include <support/quick_options.hpp>
#include <support/redis_recorders.hpp>
#include <support/sentinel_deployment.hpp>

namespace redis_sentinel_test {

using namespace recorders;
using redis::Client;
using redis::Options;
using redis::Outcome;
using redis::State;
using redis::SubscriptionKind;
using support::RedisServer;
using support::SentinelDeployment;

namespace {

Options quick(const SentinelDeployment& deployment, const std::string& name) {
  Options options = support::quick(deployment.url(), 50);
  options.client_name = name;
  return options;
}

/// A publisher and a subscriber that must survive failovers.
struct Pair {
  Pair(Options options, const SentinelDeployment& where)
      : deployment(where), publisher(loop, named(options, "publisher")), subscriber(loop, named(options, "subscriber")) {
    subscriber.subscribe(SubscriptionKind::channel, "c", messages);
    publisher.connect();
    subscriber.connect();
    REQUIRE(wait_ready(loop, publisher));
    REQUIRE(wait_ready(loop, subscriber));
    REQUIRE(wait(loop, [this] { return deployment.is_complete(); }));
  }

  static Options named(Options& options, const char* name) {
    options.client_name = name;
    return options;
  }

  /// Publishes numbers until both are connected to `server`, it is the master, and messages arrive.
  bool passes_through(const RedisServer& server) {
    std::optional<std::size_t> before;
    return wait(loop, [&] {
      publisher.publish("c", as_bytes(std::to_string(given)), publishes, given);
      ++given;
      if (before) {
        return messages.messages.size() > *before;
      }
      const std::string clients = server.ask({"CLIENT", "LIST"});
      if (contains(clients, "name=publisher") && contains(clients, "name=subscriber") &&
          SentinelDeployment::is_master(server) && publisher.state() == State::ready && subscriber.state() == State::ready) {
        before = messages.messages.size();
      }
      return false;
    });
  }

  /// Checks that each publish completed once, and that the received messages are some of those that are ok or unconfirmed, in
  /// order and without duplicates.
  void check_accounts() {
    REQUIRE(wait(loop, [this] { return publishes.ended.size() == given; }));
    std::map<std::uint64_t, Outcome> outcomes;
    bool good = true;
    for (const Ended& ended : publishes.ended) {
      good = outcomes.emplace(ended.tag, ended.outcome).second && good;
    }
    std::int64_t last = -1;
    for (const Messages::One& message : messages.messages) {
      const std::int64_t number = std::stoll(message.payload);
      const Outcome outcome = outcomes.at(static_cast<std::uint64_t>(number));
      good = good && number > last && (outcome == Outcome::ok || outcome == Outcome::unconfirmed);
      last = number;
    }
    CHECK(good);
    CHECK(balanced(publisher.counters()));
  }

  const SentinelDeployment& deployment;
  Loop loop;
  Publishes publishes;
  Messages messages;
  std::uint64_t given = 0;
  Client publisher;
  Client subscriber;
};

/// Error of the first attempt to connect; empty when it succeeds.
std::string attempt(const Options& options) {
  Loop loop;
  Client client(loop, options);
  client.connect();
  REQUIRE(wait(loop, [&] { return client.state() == State::ready || client.counters().failed_attempts > 0; }));
  return client.state() == State::ready ? "" : client.last_error();
}

}  // namespace

TEST_CASE("redis sentinel: publisher and subscriber go on with the new master, after an ordered failover and after a crash") {
  SentinelDeployment deployment;
  Pair pair(quick(deployment, {}), deployment);
  REQUIRE(pair.passes_through(deployment.first));

  REQUIRE(deployment.sentinels[1]->ask({"SENTINEL", "FAILOVER", "orders"}) == "+OK");
  REQUIRE(pair.passes_through(deployment.second));

  REQUIRE(wait(pair.loop, [&] {
    return deployment.is_complete() && contains(deployment.second.ask({"INFO", "replication"}), "state=online");
  }));
  deployment.second.kill();
  REQUIRE(pair.passes_through(deployment.first));
  pair.check_accounts();
  CHECK(pair.subscriber.counters().connects >= 3);
}

TEST_CASE("redis sentinel: a master that stands still is left by those who only listen, too") {
  SentinelDeployment deployment;
  Options options = quick(deployment, {});
  options.connect_timeout = std::chrono::milliseconds(2'000);
  Pair pair(options, deployment);
  REQUIRE(pair.passes_through(deployment.first));
  std::vector<std::string> reasons;
  pair.subscriber.on_state([&reasons](State state, std::string_view why) {
    if (state == State::disconnected) {
      reasons.emplace_back(why);
    }
  });

  REQUIRE(kill(deployment.first.pid(), SIGSTOP) == 0);
  REQUIRE(wait(pair.loop, [&] { return pair.subscriber.state() != State::ready; }));
  CHECK(contains(reasons.at(0),
                 "is not the master any more: the sentinels name 127.0.0.1:" + std::to_string(deployment.second.port())));
  REQUIRE(pair.passes_through(deployment.second));

  REQUIRE(kill(deployment.first.pid(), SIGCONT) == 0);  // and no client returns to it
  REQUIRE(wait(pair.loop, [&] { return !SentinelDeployment::is_master(deployment.first); }));
  REQUIRE(pair.passes_through(deployment.second));
  pair.check_accounts();
}

TEST_CASE("redis sentinel: by TLS, with passwords of their own for servers and sentinels") {
  SentinelDeployment::Settings settings;
  settings.password = "of-the-servers";
  settings.sentinel_password = "of-the-sentinels";
  settings.tls = {"--tls-cert-file",    support::authority().file("server.pem"),
                  "--tls-key-file",     support::authority().file("server.key"),
                  "--tls-ca-cert-file", support::authority().file("ca.pem"),
                  "--tls-auth-clients", "no"};
  SentinelDeployment deployment(settings);
  Options options = quick(deployment, {});
  options.password = settings.password;
  options.sentinel_password = settings.sentinel_password;
  options.tls_ca = support::authority().file("ca.pem");

  Options wrong = options;
  wrong.sentinel_password.clear();
  CHECK(contains(attempt(wrong), "asks for a password (NOAUTH"));
  wrong.sentinel_password = "another";
  CHECK(contains(attempt(wrong), "Sentinel at 127.0.0.1:" + std::to_string(deployment.sentinels[0]->port()) +
                                     " refused the password (WRONGPASS"));
  wrong = options;
  wrong.password = "another";
  CHECK(contains(attempt(wrong), ", the master orders, refused the password (WRONGPASS"));
  wrong = options;
  wrong.tls_ca = support::authority().file("client.pem");
  CHECK(contains(attempt(wrong), "No TLS to Sentinel at 127.0.0.1"));
  wrong = options;
  wrong.tls = false;
  CHECK(contains(attempt(wrong), "must begin with rediss+sentinel://"));

  Pair pair(options, deployment);
  REQUIRE(pair.passes_through(deployment.first));
  REQUIRE(deployment.sentinels[0]->ask({"SENTINEL", "FAILOVER", "orders"}) == "+OK");
  REQUIRE(pair.passes_through(deployment.second));
  pair.check_accounts();
}

TEST_CASE("redis sentinel: what is wrong is said in a sentence") {
  const RedisServer plain;
  const RedisServer sentinel(
      RedisServer::SentinelLines{"sentinel monitor orders 127.0.0.1 " + std::to_string(plain.port()) + " 1"});
  const std::string right = "127.0.0.1:" + std::to_string(sentinel.port());
  CHECK(attempt(redis::parse_url("redis+sentinel://" + right + "/orders/3")) == "");

  CHECK(contains(attempt(redis::parse_url("redis+sentinel://" + right + "/other")),
                 "Sentinel at " + right + " knows no master with the name \"other\"."));
  CHECK(contains(attempt(redis::parse_url("redis+sentinel://127.0.0.1:" + std::to_string(plain.port()) + "/orders")),
                 "is no sentinel"));
  CHECK(attempt(redis::parse_url("redis+sentinel://127.0.0.1:1," + right + "/orders")) == "");
  CHECK(attempt(redis::parse_url("redis+sentinel://127.0.0.1:1,127.0.0.1:2/orders")) ==
        "No sentinel answers. Sentinel at 127.0.0.1:1 refused the connection: nothing listens there.");
  Options by_tls = redis::parse_url("rediss+sentinel://" + right + "/orders");
  by_tls.connect_timeout = std::chrono::milliseconds(500);
  CHECK(contains(attempt(by_tls), "does not speak TLS on that port"));

  static_cast<void>(plain.ask({"ACL", "SETUSER", "app", "on", ">secret", "&*", "+publish"}));
  CHECK(contains(attempt(redis::parse_url("redis+sentinel://app:secret@" + right + "/orders")),
                 "Allow the user that command: +role."));
}

}  // namespace redis_sentinel_test
