// The client and a real redis-server that crashes, or closes the connection.

#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/quick_options.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

namespace redis_failure_test {

using namespace recorders;
using redis::Client;
using redis::Options;
using redis::Outcome;
using redis::State;
using redis::SubscriptionKind;
using support::quick;

namespace {

/// Checks numbered publishes ("0", "1", ...), however the server behaved: each completed once, and the received messages are
/// some of those that are ok or unconfirmed, without duplicates, in order.
void check_accounts(const Publishes& publishes, const Messages& messages, std::uint64_t given) {
  std::map<std::uint64_t, Outcome> outcomes;
  for (const Ended& ended : publishes.ended) {
    outcomes.emplace(ended.tag, ended.outcome);
  }
  CHECK(publishes.ended.size() == given);
  CHECK(outcomes.size() == given);
  bool in_order = true;
  bool accounted = true;
  std::int64_t last = -1;
  for (const Messages::One& message : messages.messages) {
    const std::int64_t number = std::stoll(message.payload);
    in_order = in_order && number > last;
    last = number;
    const Outcome outcome = outcomes[static_cast<std::uint64_t>(number)];
    accounted = accounted && (outcome == Outcome::ok || outcome == Outcome::unconfirmed);
  }
  CHECK(in_order);
  CHECK(accounted);
}

}  // namespace

TEST_CASE("redis: when the server is killed in the middle and comes back, every publish is accounted for exactly") {
  support::RedisServer server;
  Loop loop;
  Publishes publishes;
  Messages messages;
  Client subscriber(loop, quick(server.url()));
  Client publisher(loop, quick(server.url()));
  subscriber.subscribe(SubscriptionKind::channel, "c", messages);
  subscriber.connect();
  publisher.connect();
  REQUIRE(wait_ready(loop, subscriber));
  REQUIRE(wait_ready(loop, publisher));
  const std::string padding(2'000, ' ');
  std::uint64_t given = 0;
  const auto publish = [&](std::uint64_t count) {
    for (; count != 0; --count, ++given) {
      publisher.publish("c", as_bytes(std::to_string(given) + padding), publishes, given);
    }
  };

  for (int round = 0; round < 3; ++round) {
    publish(5'000);
    REQUIRE(wait(loop, [&] { return publishes.ended.size() > given - 4'000; }));
    server.kill();
    publish(2'000);
    loop.poll();
    REQUIRE(wait(loop, [&] { return publisher.state() != State::ready && subscriber.state() != State::ready; }));
    publish(1'000);
    server.start();
    REQUIRE(wait_ready(loop, subscriber));
  }
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == given; }));

  check_accounts(publishes, messages, given);
  CHECK(publishes.count(Outcome::ok) + publishes.count(Outcome::unconfirmed) == given);  // the queue was never full
  CHECK(publishes.ended.back().tag == given - 1);
  CHECK(publishes.ended.back().outcome == Outcome::ok);
  CHECK(balanced(publisher.counters()));
  CHECK(publisher.counters().connects == 4);
}

TEST_CASE("redis: with a server that stands still and is killed, only what it may have read is unconfirmed") {
  support::RedisServer server;
  Loop loop;
  Publishes publishes;
  Client publisher(loop, quick(server.url()));
  publisher.connect();
  REQUIRE(wait_ready(loop, publisher));
  REQUIRE(kill(server.pid(), SIGSTOP) == 0);

  const std::string payload(1'000'000, 'x');
  for (std::uint64_t tag = 0; tag < 40; ++tag) {
    publisher.publish("c", as_bytes(payload), publishes, tag);
  }
  std::size_t before = 0;
  do {  // until the socket accepts no more
    before = publisher.queued_bytes();
    loop.run_until([&] { return publisher.queued_bytes() != before; }, std::chrono::milliseconds(50));
  } while (publisher.queued_bytes() != before);
  const std::size_t in_flight = publisher.in_flight_count();
  CHECK(in_flight > 0);
  CHECK(in_flight < 40);
  server.kill();
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == in_flight; }));
  CHECK(publishes.count(Outcome::unconfirmed) == in_flight);
  server.start();
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 40; }));

  CHECK(publishes.count(Outcome::ok) == 40 - in_flight);
  CHECK(balanced(publisher.counters()));
}

TEST_CASE("redis: CLIENT KILL costs a reconnect, and the subscriptions are back before it is ready") {
  support::RedisServer server;
  Loop loop;
  Messages messages;
  Client client(loop, quick(server.url()));
  client.subscribe(SubscriptionKind::channel, "a", messages);
  client.subscribe(SubscriptionKind::pattern, "b*", messages);
  std::vector<State> states;
  client.on_state([&states](State state, std::string_view) { states.push_back(state); });
  client.connect();
  REQUIRE(wait_ready(loop, client));

  CHECK(server.ask({"CLIENT", "KILL", "TYPE", "pubsub"}) == ":1");
  REQUIRE(wait(loop, [&] { return client.counters().connects == 2; }));

  CHECK(client.last_error().find("closed the connection") != std::string::npos);
  CHECK(server.ask({"PUBLISH", "a", "x"}) == ":1");
  CHECK(server.ask({"PUBLISH", "bb", "y"}) == ":1");
  REQUIRE(wait(loop, [&] { return messages.messages.size() == 2; }));
  CHECK(states == std::vector<State>{State::connecting, State::ready, State::disconnected, State::connecting, State::ready});
  CHECK(messages.subscribed.size() == 4);
}

TEST_CASE("redis: each offline policy does what it says while the server is away") {
  support::RedisServer server;
  Loop loop;
  Publishes queued;
  Publishes newest;
  Publishes failed;
  Options options = quick(server.url());
  options.queue_bytes_max = 10'000;
  Client queue(loop, options);
  options.offline = redis::OfflinePolicy::drop_oldest;
  Client drop(loop, options);
  options.offline = redis::OfflinePolicy::fail;
  Client fail(loop, options);
  for (Client* const client : {&queue, &drop, &fail}) {
    client->connect();
    REQUIRE(wait_ready(loop, *client));
  }
  server.kill();
  REQUIRE(wait(loop,
               [&] { return queue.state() != State::ready && drop.state() != State::ready && fail.state() != State::ready; }));

  const std::string payload(958, 'x');  // ten of these fill the queue
  for (std::uint64_t tag = 0; tag < 15; ++tag) {
    queue.publish("c", as_bytes(payload), queued, tag);
    drop.publish("c", as_bytes(payload), newest, tag);
    fail.publish("c", as_bytes(payload), failed, tag);
  }
  loop.poll();
  CHECK(queued.ended.size() == 5);
  CHECK(newest.ended.size() == 5);
  CHECK(failed.ended.size() == 15);
  server.start();
  REQUIRE(wait(loop, [&] { return queued.ended.size() == 15 && newest.ended.size() == 15; }));

  const auto ok_tags = [](const Publishes& publishes) {
    std::vector<std::uint64_t> tags;
    for (const Ended& ended : publishes.ended) {
      if (ended.outcome == Outcome::ok) {
        tags.push_back(ended.tag);
      }
    }
    return tags;
  };
  CHECK(ok_tags(queued) == std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(ok_tags(newest) == std::vector<std::uint64_t>{5, 6, 7, 8, 9, 10, 11, 12, 13, 14});
  CHECK(ok_tags(failed).empty());
  CHECK(queue.counters().not_sent_queue_full == 5);
  CHECK(drop.counters().dropped_oldest == 5);
  CHECK(fail.counters().not_sent_offline == 15);
}

TEST_CASE("redis: a server that stands still counts as dead after the command timeout") {
  support::RedisServer server;
  Loop loop;
  Publishes publishes;
  Options options = quick(server.url());
  options.command_timeout = std::chrono::milliseconds(50);
  options.connect_timeout = std::chrono::milliseconds(50);
  Client client(loop, options);
  client.connect();
  REQUIRE(wait_ready(loop, client));
  REQUIRE(kill(server.pid(), SIGSTOP) == 0);

  client.publish("c", as_bytes("x"), publishes, 1);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 1; }));
  CHECK(publishes.ended[0].outcome == Outcome::unconfirmed);
  REQUIRE(kill(server.pid(), SIGCONT) == 0);

  client.publish("c", as_bytes("y"), publishes, 2);
  REQUIRE(wait(loop, [&] { return publishes.ended.size() == 2; }));
}

}  // namespace redis_failure_test
