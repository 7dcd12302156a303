// The client's connection to a real redis-server: it detects a dead connection, and recovers when a connection is closed.

#include <doctest/doctest.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/quick_options.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

namespace redis_alive_test {

using namespace recorders;
using redis::Client;
using redis::Options;
using redis::Outcome;
using redis::State;
using redis::SubscriptionKind;
using support::quick;
using support::RedisServer;

namespace {

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("redis alive: a server that stands still is noticed by those who only listen, and by those who do nothing") {
  RedisServer server;
  Loop loop;
  Messages messages;
  Options options = quick(server.url());
  options.keepalive = std::chrono::milliseconds(50);
  options.command_timeout = std::chrono::milliseconds(2'000);
  Client listening(loop, options);
  Client sharded(loop, options);
  Client idle(loop, options);
  listening.subscribe(SubscriptionKind::pattern, "c*", messages);
  sharded.subscribe(SubscriptionKind::shard, "s", messages);
  const std::array<Client*, 3> clients{&listening, &sharded, &idle};
  for (Client* const client : clients) {
    client->connect();
    REQUIRE(wait_ready(loop, *client));
  }

  // Several PINGs get replies in the meantime, and no client loses its connection.
  const auto pings = [&] { return server.ask({"INFO", "commandstats"}); };
  REQUIRE(wait(loop, [&] {
    const std::string seen = pings();
    const std::size_t at = seen.find("cmdstat_ping:calls=");
    return at != std::string::npos && std::stoi(seen.substr(at + 19)) >= 9;
  }));
  for (Client* const client : clients) {
    CHECK(client->counters().disconnects == 0);
    CHECK(client->counters().protocol_errors == 0);
  }

  REQUIRE(kill(server.pid(), SIGSTOP) == 0);
  REQUIRE(wait(loop, [&] {
    return listening.counters().disconnects == 1 && sharded.counters().disconnects == 1 && idle.counters().disconnects == 1;
  }));
  REQUIRE(kill(server.pid(), SIGCONT) == 0);
  for (Client* const client : clients) {
    REQUIRE(wait_ready(loop, *client));
  }
  CHECK(server.ask({"PUBLISH", "cc", "x"}) == ":1");
}

TEST_CASE("redis alive: what was written to a Redis that only stood still arrives, before what was said since") {
  RedisServer server;
  Loop loop;
  Messages messages;
  Publishes publishes;
  Client listening(loop, quick(server.url()));
  listening.subscribe(SubscriptionKind::channel, "c", messages);
  Options options = quick(server.url());
  options.command_timeout = std::chrono::milliseconds(1'000);
  options.silent_wait = patience;
  Client client(loop, options);
  for (Client* const one : {&listening, &client}) {
    one->connect();
    REQUIRE(wait_ready(loop, *one));
  }
  const auto say = [&](std::uint64_t first, std::uint64_t end) {
    for (std::uint64_t number = first; number < end; ++number) {
      client.publish("c", as_bytes(std::to_string(number)), publishes, number);
    }
  };
  say(0, 1);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));

  REQUIRE(kill(server.pid(), SIGSTOP) == 0);
  say(1, 6);
  client.flush();
  REQUIRE(wait(loop, [&] { return client.counters().disconnects == 1; }));
  say(6, 11);
  REQUIRE(kill(server.pid(), SIGCONT) == 0);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 11 && messages.messages.size() == 11; }));
  for (std::size_t index = 0; index < messages.messages.size(); ++index) {
    CHECK(messages.messages[index].payload == std::to_string(index));
  }
  CHECK(publishes.count(Outcome::unconfirmed) == 5);
  CHECK(publishes.count(Outcome::ok) == 6);
  CHECK(balanced(client.counters()));
}

TEST_CASE("redis alive: a reader that blocks is not asked for a sign of life, and is noticed as well") {
  RedisServer server;
  Loop loop;
  Options options = quick(server.url());
  options.keepalive = std::chrono::milliseconds(20);
  options.command_timeout = std::chrono::milliseconds(1'000);
  Client reader(loop, options);
  reader.connect();
  REQUIRE(wait_ready(loop, reader));
  std::optional<Outcome> outcome;
  const auto read = [&](std::string_view block_ms) {
    outcome.reset();
    const std::array<std::string_view, 6> words{"XREAD", "BLOCK", block_ms, "STREAMS", "s", "$"};
    reader.command(words, [&outcome](const redis::CommandResult& result) { outcome = result.outcome; });
    REQUIRE(wait(loop, [&] { return outcome.has_value(); }));
  };

  read("200");
  CHECK(*outcome == Outcome::ok);
  CHECK(reader.counters().protocol_errors == 0);
  read("60000");  // longer than the timeout of commands: the client treats the server as dead
  CHECK(*outcome == Outcome::unconfirmed);
}

TEST_CASE("redis alive: a user who is deleted, or may no longer listen, is back when that is undone") {
  RedisServer server;
  const auto grant = [&] {
    CHECK(server.ask({"ACL", "SETUSER", "app", "on", ">secret", "resetchannels", "&c", "+publish", "+subscribe", "+ping"}) ==
          "+OK");
  };
  grant();
  Loop loop;
  Messages messages;
  Publishes publishes;
  Options options = quick(server.url());
  options.username = "app";
  options.password = "secret";
  Client subscriber(loop, options);
  Client publisher(loop, options);
  subscriber.subscribe(SubscriptionKind::channel, "c", messages);
  subscriber.connect();
  publisher.connect();
  REQUIRE(wait_ready(loop, subscriber));
  REQUIRE(wait_ready(loop, publisher));

  CHECK(server.ask({"ACL", "DELUSER", "app"}) == ":1");
  REQUIRE(wait(loop, [&] { return publisher.last_error_is_refusal() && subscriber.last_error_is_refusal(); }));
  CHECK(contains(publisher.last_error(), "refused the user name or the password (WRONGPASS"));
  publisher.publish("c", as_bytes("while away"), publishes, 1);
  grant();
  REQUIRE(wait_ready(loop, subscriber));
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
  CHECK(publishes.ended[0].outcome == Outcome::ok);

  // Redis disconnects subscribers that lose the right to the channel; publishers get an error at the next publish.
  messages.subscribed.clear();
  CHECK(server.ask({"ACL", "SETUSER", "app", "resetchannels"}) == "+OK");
  REQUIRE(wait(loop, [&] { return !messages.subscribed.empty(); }));
  CHECK(contains(messages.subscribed[0].second, "NOPERM"));
  publisher.publish("c", as_bytes("not allowed"), publishes, 2);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));
  CHECK(publishes.ended[1].outcome == Outcome::refused);
  CHECK(contains(publishes.ended[1].message, "NOPERM"));
  CHECK(publisher.state() == State::ready);

  messages.subscribed.clear();
  grant();
  CHECK(server.ask({"CLIENT", "KILL", "USER", "app"}) == ":2");
  REQUIRE(wait(loop, [&] { return !messages.subscribed.empty() && subscriber.state() == State::ready; }));
  CHECK(messages.subscribed[0].second.empty());
  publisher.publish("c", as_bytes("again"), publishes, 3);
  REQUIRE(wait(loop, [&] { return !messages.messages.empty() && messages.messages.back().payload == "again"; }));
}

TEST_CASE("redis alive: commands wait while Redis loads its data") {
  RedisServer server({"--key-load-delay", "3000", "--loading-process-events-interval-bytes", "1024"});
  for (int key = 0; key < 300; ++key) {
    REQUIRE(server.ask({"SET", "key" + std::to_string(key), std::string(100, 'x')}) == "+OK");
  }
  REQUIRE(server.ask({"SAVE"}) == "+OK");
  Loop loop;
  Client client(loop, quick(server.url()));
  client.connect();
  REQUIRE(wait_ready(loop, client));
  server.kill();
  REQUIRE(wait(loop, [&] { return client.state() != State::ready; }));

  std::vector<Outcome> outcomes;
  const std::array<std::string_view, 5> words{"XADD", "s", "*", "field", "value"};
  client.command(words, [&](const redis::CommandResult& result) { outcomes.push_back(result.outcome); });
  std::thread starting([&server] { server.start(); });
  const bool seen = wait(loop, [&] { return contains(client.last_error(), "is not ready yet (LOADING"); });
  const bool done = wait(loop, [&] { return outcomes.size() == 1; });
  starting.join();
  CHECK(seen);
  REQUIRE(done);
  CHECK(outcomes[0] == Outcome::ok);
}

TEST_CASE("redis alive: commands wait while Redis has too many clients") {
  RedisServer server;
  Loop loop;
  Messages messages;
  Publishes publishes;
  Client admin(loop, quick(server.url()));
  Client publisher(loop, quick(server.url()));
  Client subscriber(loop, quick(server.url()));
  subscriber.subscribe(SubscriptionKind::channel, "c", messages);
  for (Client* const client : {&admin, &publisher, &subscriber}) {
    client->connect();
    REQUIRE(wait_ready(loop, *client));
  }
  const auto run = [&](const Words& words) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    std::optional<Outcome> outcome;
    admin.command(views, [&outcome](const redis::CommandResult& result) { outcome = result.outcome; });
    REQUIRE(wait(loop, [&outcome] { return outcome.has_value(); }));
    CHECK(*outcome == Outcome::ok);
  };

  run({"CONFIG", "SET", "maxclients", "1"});
  run({"CLIENT", "KILL", "TYPE", "pubsub"});
  run({"CLIENT", "KILL", "TYPE", "normal"});
  const std::string sentence = "does not serve us (ERR max number of clients reached)";
  REQUIRE(
      wait(loop, [&] { return contains(publisher.last_error(), sentence) && contains(subscriber.last_error(), sentence); }));
  CHECK_FALSE(publisher.last_error_is_refusal());
  for (std::uint64_t tag = 0; tag < 1'000; ++tag) {
    publisher.publish("c", as_bytes("x"), publishes, tag);
  }
  const std::uint64_t attempts = publisher.counters().failed_attempts;
  REQUIRE(wait(loop, [&] { return publisher.counters().failed_attempts > attempts + 3; }));
  CHECK(publishes.ended.empty());

  run({"CONFIG", "SET", "maxclients", "100"});
  REQUIRE(wait_ready(loop, subscriber));
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1'000; }));
  CHECK(publishes.count(Outcome::ok) == 1'000);
  CHECK(messages.subscribed == std::vector<std::pair<std::string, std::string>>{{"c", ""}, {"c", ""}});
}

}  // namespace redis_alive_test
