// RedisBus on a real redis-server, and adapters of every family on it.

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <socketio/adapter/redis_bus.hpp>
#include <support/quick_options.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

#include "nodes/node.hpp"

namespace redis_bus_test {

using namespace recorders;
using nodes::Adapter;
using nodes::Ending;
using nodes::FakeHost;
using nodes::FakeTime;
using nodes::Family;
using nodes::Room;
using redis::SubscriptionKind;

namespace {

redis::Options quick(const support::RedisServer& server) { return support::quick(server.url()); }

bool wait_ready(Loop& loop, const RedisBus& bus) {
  return wait(loop, [&bus] { return bus.is_ready(); });
}

/// Number of subscribers of a channel, from PUBSUB NUMSUB or SHARDNUMSUB.
std::string subscribers(const support::RedisServer& server, const Family& family, const std::string& channel) {
  // The reply is a list of name and number: a script extracts the number, which has a colon before it.
  const std::string word = family.kind == SubscriptionKind::shard ? "SHARDNUMSUB" : "NUMSUB";
  return server.ask({"EVAL", "return redis.call('PUBSUB', ARGV[1], ARGV[2])[2]", "0", word, channel});
}

/// Number of all patterns, channels, and channels of sharded pub/sub with subscribers.
std::string subscription_count(const support::RedisServer& server) {
  return server.ask({"EVAL",
                     "return redis.call('PUBSUB', 'NUMPAT') + #redis.call('PUBSUB', 'CHANNELS') + "
                     "#redis.call('PUBSUB', 'SHARDCHANNELS')",
                     "0"});
}

/// One server's namespace on a real bus. Its clock stands still, so no deadline passes.
struct Server {
  Server(FakeTime& time, const Family& family, std::shared_ptr<RedisBus> its_bus, std::uint64_t seed, std::string nsp = "/")
      : bus(std::move(its_bus)), host(time, std::move(nsp), seed), adapter(family.make(bus)(host)) {}
  std::shared_ptr<RedisBus> bus;
  FakeHost host;
  std::unique_ptr<Adapter> adapter;
};

/// A user with all rights for keys and none for channels, as in an ACL that was written for a cache.
redis::Options limited(const support::RedisServer& server) {
  CHECK(server.ask({"ACL", "SETUSER", "app", "reset", "on", ">pw", "+@all", "-@dangerous", "~*"}) == "+OK");
  redis::Options options = quick(server);
  options.username = "app";
  options.password = "pw";
  return options;
}

}  // namespace

TEST_CASE("redis bus: a function for states keeps what it remembers, and may set another one") {
  support::RedisServer redis;
  Loop loop;
  const auto bus = std::make_shared<RedisBus>(loop, quick(redis));
  std::vector<int> calls;
  bus->on_state([&calls, &bus, count = 0, text = std::string(100, 'x')](bool, std::string_view) mutable {
    calls.push_back(++count);
    bus->on_state({});
    calls.push_back(static_cast<int>(text.size()));
  });
  REQUIRE(wait_ready(loop, *bus));
  CHECK(calls == std::vector<int>{1, 100});
}

TEST_CASE("redis bus: ready means that every subscription is in force") {
  for (const Family& family : nodes::families) {
    CAPTURE(family.name);
    support::RedisServer redis;
    Loop loop;
    FakeTime time;
    const auto bus = std::make_shared<RedisBus>(loop, quick(redis));
    std::string seen;
    bus->on_state(
        [&](bool ready, std::string_view) { seen = ready ? subscribers(redis, family, family.request_channel) : ""; });
    Server server(time, family, bus, 1);
    CHECK_FALSE(bus->is_ready());
    REQUIRE(wait_ready(loop, *bus));
    CHECK(seen == ":1");
    CHECK(bus->last_error().empty());
  }
}

TEST_CASE("redis bus: a server whose user may not subscribe is not ready, and tells why, until it may") {
  for (const Family& family : nodes::families) {
    CAPTURE(family.name);
    support::RedisServer redis;
    Loop loop;
    FakeTime time;
    const auto bus = std::make_shared<RedisBus>(loop, limited(redis));
    std::vector<std::string> told;
    bus->on_state([&told](bool ready, std::string_view why) { told.push_back(ready ? "ready" : std::string(why)); });
    std::vector<std::string> waited;
    const auto wait_for = [&](std::chrono::milliseconds at_most) {
      bus->when_ready(at_most,
                      [&waited](bool ready, std::string_view why) { waited.push_back(ready ? "ready" : std::string(why)); });
    };
    wait_for(std::chrono::milliseconds(1));
    Server server(time, family, bus, 1);
    REQUIRE(wait(loop, [&] { return !told.empty() && bus->counters().subscriber.subscriptions_refused >= 2; }));
    CHECK_FALSE(bus->is_ready());
    CHECK(contains(told.front(), "refused the subscription to the "));
    CHECK(contains(told.front(), "ACL SETUSER app +"));
    CHECK(told.size() == 1);
    CHECK(bus->last_error() == told.front());
    wait_for(std::chrono::milliseconds(1));
    wait_for(recorders::patience);
    REQUIRE(wait(loop, [&] { return waited.size() == 2; }));
    CHECK(contains(waited[0], "Redis"));
    CHECK(waited[1] == told.front());

    CHECK(redis.ask({"ACL", "SETUSER", "app", "allchannels"}) == "+OK");
    REQUIRE(wait_ready(loop, *bus));
    CHECK(told.back() == "ready");
    REQUIRE(wait(loop, [&] { return waited.size() == 3; }));
    CHECK(waited[2] == "ready");
    wait_for(recorders::patience);  // the bus is ready already
    CHECK(waited.size() == 3);
    REQUIRE(wait(loop, [&] { return waited.size() == 4; }));
    CHECK(waited[3] == "ready");
  }
}

TEST_CASE("redis bus: a server whose user may not read the stream is not ready, and tells why, until it may") {
  support::RedisServer redis;
  Loop loop;
  FakeTime time;
  const auto bus = std::make_shared<RedisBus>(loop, limited(redis));
  CHECK(redis.ask({"ACL", "SETUSER", "app", "allchannels", "resetkeys"}) == "+OK");
  std::vector<std::string> told;
  bus->on_state([&told](bool ready, std::string_view why) { told.push_back(ready ? "ready" : std::string(why)); });
  Server server(time, nodes::families[2], bus, 1);
  REQUIRE(wait(loop, [&] { return !told.empty(); }));
  CHECK(contains(told.front(), "Redis does not let the stream \"socket.io\" be read (NOPERM "));
  CHECK(bus->last_error() == told.front());
  CHECK(redis.ask({"ACL", "SETUSER", "app", "~socket.io"}) == "+OK");
  REQUIRE(wait_ready(loop, *bus));
  CHECK(told.size() == 2);
}

TEST_CASE("redis bus: a server whose XREAD is refused is not ready, and stays so, until it may read") {
  support::RedisServer redis;
  Loop loop;
  FakeTime time;
  const auto bus = std::make_shared<RedisBus>(loop, limited(redis));
  CHECK(redis.ask({"ACL", "SETUSER", "app", "allchannels", "-xread"}) == "+OK");
  std::vector<std::string> told;
  bus->on_state([&told](bool ready, std::string_view why) { told.push_back(ready ? "ready" : std::string(why)); });
  bool waited = false;
  bus->when_ready(recorders::patience, [&waited](bool, std::string_view) { waited = true; });
  Server server(time, nodes::families[2], bus, 1);
  const auto is_refused_again = [&] {
    CHECK(redis.ask({"CONFIG", "RESETSTAT"}) == "+OK");
    return wait(loop, [&] { return contains(redis.ask({"INFO", "commandstats"}), "cmdstat_xread:"); });
  };
  REQUIRE(wait(loop, [&] { return !told.empty(); }));
  REQUIRE((is_refused_again() && is_refused_again()));
  REQUIRE(told.size() == 1);
  CHECK(contains(told[0], "Redis does not let the stream \"socket.io\" be read (NOPERM "));
  CHECK(bus->last_error() == told[0]);
  CHECK_FALSE(waited);
  CHECK(redis.ask({"ACL", "SETUSER", "app", "+xread"}) == "+OK");
  REQUIRE(wait_ready(loop, *bus));
  REQUIRE(wait(loop, [&] { return waited; }));

  CHECK(redis.ask({"ACL", "SETUSER", "app", "-xread"}) == "+OK");
  CHECK_FALSE(redis.ask({"XADD", "socket.io", "*", "nsp", "/other"}).starts_with("-"));  // ends the XREAD that waits
  REQUIRE(wait(loop, [&] { return told.size() == 3; }));
  REQUIRE((is_refused_again() && is_refused_again()));
  CHECK(told == std::vector<std::string>{told[0], "ready", told[0]});
}

TEST_CASE("redis bus: a server whose user may not publish, or count servers, logs that, and not for each message") {
  support::RedisServer redis;
  Loop loop;
  FakeTime time;
  redis::Options options = limited(redis);
  CHECK(redis.ask({"ACL", "SETUSER", "app", "allchannels", "-publish", "-pubsub"}) == "+OK");
  std::vector<std::string> logged;
  options.log = [&logged](const LogRecord& record) {
    if (record.message.starts_with("Redis ref") || record.message.starts_with("Redis does not")) {
      logged.push_back(std::string(record.message) + " " + std::string(record.detail));
    }
  };
  Server server(time, nodes::families[0], std::make_shared<RedisBus>(loop, options), 1);
  REQUIRE(wait_ready(loop, *server.bus));
  for (int number = 0; number < 10; ++number) {
    server.adapter->apply(socketio::Operation::emit({}, nodes::packed(R"(["e"])").bytes()));
  }
  REQUIRE(wait(loop, [&] { return server.bus->counters().publishes_failed == 10; }));
  REQUIRE(logged.size() == 1);
  CHECK(contains(logged[0], "Redis refuses what this server publishes: other servers do not get it. NOPERM "));

  Server other(time, nodes::families[0], std::make_shared<RedisBus>(loop, options), 2);
  REQUIRE(wait_ready(loop, *other.bus));
  Ending<std::size_t> count;
  other.adapter->server_count(count.callback());
  REQUIRE(wait(loop, [&] { return count.count() == 1; }));
  REQUIRE(logged.size() == 2);
  CHECK(contains(logged[1], "Redis does not tell how many servers there are"));
}

TEST_CASE("redis bus: the function that hears of states keeps its own state, and may take another's place") {
  support::RedisServer redis;
  Loop loop;
  RedisBus bus(loop, quick(redis));
  std::vector<int> calls;
  bus.on_state([&, count = 0](bool, std::string_view) mutable {
    calls.push_back(++count);
    if (count == 2) {
      bus.on_state({});
    }
  });
  REQUIRE(wait_ready(loop, bus));
  redis.kill();
  REQUIRE(wait(loop, [&] { return !bus.is_ready(); }));
  redis.start();
  REQUIRE(wait_ready(loop, bus));
  CHECK(calls == std::vector<int>{1, 2});
}

TEST_CASE("redis bus: sharded, joining a room whose channel Redis refuses is told to be without effect on other servers") {
  support::RedisServer redis;
  Loop loop;
  FakeTime time;
  const auto bus = std::make_shared<RedisBus>(loop, limited(redis));
  CHECK(redis.ask({"ACL", "SETUSER", "app", "&socket.io#/#", "&socket.io#/#[0-9a-f][0-9a-f]*"}) == "+OK");
  Server server(time, nodes::families[1], bus, 1);
  nodes::FakeSocket& socket = server.host.shard().add("s");
  REQUIRE(wait_ready(loop, *bus));
  std::vector<bool> told;
  const auto join = [&](const char* name) {
    const Room room(name);
    server.host.shard().index().join(socket, name);
    server.adapter->when_subscribed(std::span(&room, 1), [&told](bool subscribed) { told.push_back(subscribed); });
  };
  join("abc");
  REQUIRE(wait(loop, [&] { return told.size() == 1; }));
  join("zoo");
  REQUIRE(wait(loop, [&] { return told.size() == 2; }));
  join("zoo");  // no subscription is pending any more
  join("abc");
  CHECK(told == std::vector<bool>{true, false, false, true});
  CHECK_FALSE(bus->is_ready());
  CHECK(contains(bus->last_error(), "the channel \"socket.io#/#zoo#\""));

  server.host.shard().index().leave(socket, "zoo");
  REQUIRE(wait_ready(loop, *bus));
  join("abc");
  CHECK(told.back());

  redis.kill();
  REQUIRE(wait(loop, [&] { return bus->unconfirmed_count() != 0; }));  // the subscribed connection is lost too
  join("abc");
  CHECK(told.size() == 5);  // unknown while Redis is lost
  redis.start();
  CHECK(redis.ask({"ACL", "SETUSER", "app", "reset", "on", ">pw", "+@all", "-@dangerous", "~*", "&*"}) == "+OK");
  REQUIRE(wait(loop, [&] { return told.size() == 6; }));
  CHECK(told.back());
}

TEST_CASE("redis bus: a subscription that is added later does not make it unready, and is waited for by when_ready()") {
  support::RedisServer redis;
  Loop loop;
  FakeTime time;
  const auto bus = std::make_shared<RedisBus>(loop, quick(redis));
  std::vector<bool> states;
  bus->on_state([&states](bool ready, std::string_view) { states.push_back(ready); });
  Server server(time, nodes::families[1], bus, 1);
  REQUIRE(wait_ready(loop, *bus));
  REQUIRE(bus->unconfirmed_count() == 0);
  const Server other(time, nodes::families[1], bus, 2, "/other");
  CHECK(bus->is_ready());
  CHECK(bus->unconfirmed_count() == 2);
  int calls = 0;
  bus->when_ready(std::chrono::seconds(60), [&](bool ready, std::string_view why) {
    ++calls;
    CHECK(ready);
    CHECK(why.empty());
    CHECK(bus->unconfirmed_count() == 0);
    CHECK(subscribers(redis, nodes::families[1], "socket.io#/other#") == ":1");
  });
  REQUIRE(wait(loop, [&calls] { return calls != 0; }));
  CHECK(states == std::vector<bool>{true});

  const Server third(time, nodes::families[1], bus, 3, "/third");
  bus->when_ready(std::chrono::milliseconds(0), [&](bool ready, std::string_view why) {
    ++calls;
    CHECK(ready == why.empty());
    CHECK((ready || why == "Redis has not confirmed every subscription yet."));
  });
  REQUIRE(wait(loop, [&calls] { return calls == 2; }));
}

TEST_CASE("redis bus: servers on one Redis hear and answer each other") {
  for (const Family& family : nodes::families) {
    CAPTURE(family.name);
    support::RedisServer redis;
    Loop loop;
    FakeTime time;
    Server one(time, family, std::make_shared<RedisBus>(loop, quick(redis)), 1);
    Server other(time, family, std::make_shared<RedisBus>(loop, quick(redis)), 2);
    nodes::FakeSocket& here = one.host.shard().add("here");
    nodes::FakeSocket& there = other.host.shard().add("there");
    REQUIRE(wait_ready(loop, *one.bus));
    REQUIRE(wait_ready(loop, *other.bus));

    Ending<nodes::FetchedSockets> fetched;
    one.adapter->apply(socketio::Operation::emit({}, nodes::packed(R"(["e",1])").bytes()));
    one.adapter->fetch({}, fetched.callback());
    REQUIRE(wait(loop, [&] { return fetched.count() == 1; }));
    CHECK(fetched->sockets.count == 2);
    CHECK(fetched->servers_missing == 0);
    CHECK(here.received.size() == 1);
    CHECK(there.received.size() == 1);

    Ending<std::size_t> count;
    other.adapter->server_count(count.callback());
    REQUIRE(wait(loop, [&] { return count.count() == 1; }));
    CHECK(*count == 2);
  }
}

TEST_CASE("redis bus: after Redis was killed and came back, subscriptions are there again, and what waited arrives in order") {
  for (const Family& family : nodes::families) {
    CAPTURE(family.name);
    support::RedisServer redis;
    Loop loop;
    FakeTime time;
    redis::Options slower = quick(redis);  // so that the other bus usually resubscribes first
    slower.backoff_min = std::chrono::milliseconds(100);
    slower.backoff_max = std::chrono::milliseconds(200);
    Server one(time, family, std::make_shared<RedisBus>(loop, slower), 1);
    Server other(time, family, std::make_shared<RedisBus>(loop, quick(redis)), 2);
    nodes::FakeSocket& there = other.host.shard().add("there", {"room"});
    nodes::FakeSocket& here = one.host.shard().add("here");
    REQUIRE(wait_ready(loop, *one.bus));
    REQUIRE(wait_ready(loop, *other.bus));
    std::vector<bool> states;
    one.bus->on_state([&states](bool ready, std::string_view why) {
      states.push_back(ready);
      CHECK(ready == why.empty());
    });

    redis.kill();
    REQUIRE(wait(loop, [&] { return !one.bus->is_ready() && !other.bus->is_ready(); }));
    CHECK_FALSE(one.bus->last_error().empty());
    constexpr int count = 500;
    for (int number = 0; number < count; ++number) {
      one.adapter->apply(socketio::Operation::emit({}, nodes::packed("[\"e\"," + std::to_string(number) + "]").bytes()));
    }
    CHECK(here.received.size() == count);  // its own sockets do not wait for Redis
    loop.poll();
    redis.start();
    REQUIRE(wait_ready(loop, *one.bus));
    REQUIRE(wait_ready(loop, *other.bus));
    one.adapter->apply(socketio::Operation::emit({}, nodes::packed(R"(["last"])").bytes()));

    REQUIRE(wait(loop, [&] { return !there.received.empty() && there.received.back()[0] == "2[\"last\"]"; }));
    // Messages sent before the other server has resubscribed are lost, as with any pub/sub: the rest has no gap.
    const std::size_t arrived = there.received.size() - 1;
    for (std::size_t index = 0; index < arrived; ++index) {
      const std::size_t number = count - arrived + index;
      CHECK(there.received[index][0] == "2[\"e\"," + std::to_string(number) + "]");
    }
    CHECK(states.front() == false);
    CHECK(states.back() == true);
    const RedisBus::Counters counters = one.bus->counters();
    CHECK(counters.publisher.connects >= 2);
    CHECK(counters.subscriber.connects >= 2);
    CHECK(counters.publisher.disconnects >= 1);
    CHECK(counters.publishes_failed == 0);
    CHECK(counters.publishes_unconfirmed == 0);
  }
}

TEST_CASE("redis bus: while Redis is away nobody can be counted: questions end with what is here, once it is known") {
  for (const Family& family : nodes::families) {
    CAPTURE(family.name);
    support::RedisServer redis;
    Loop loop;
    FakeTime time;
    Server one(time, family, std::make_shared<RedisBus>(loop, quick(redis)), 1);
    one.host.shard().add("here");
    REQUIRE(wait_ready(loop, *one.bus));
    redis.kill();
    REQUIRE(wait(loop, [&] { return !one.bus->is_ready(); }));
    Ending<nodes::FetchedSockets> fetched;
    one.adapter->fetch({}, fetched.callback());
    loop.poll();
    CHECK(fetched.count() == 0);
    time.advance(nodes::requests_timeout_ms);  // the deadline also passes while servers cannot be counted
    REQUIRE(fetched.count() == 1);
    CHECK(fetched->sockets.count == 1);
    CHECK(fetched->servers_missing == 1);
  }
}

TEST_CASE("redis bus: 20,000 namespaces come and go, and leave no subscription behind") {
  for (const Family& family : nodes::families) {
    CAPTURE(family.name);
    support::RedisServer redis;
    Loop loop;
    FakeTime time;
    const auto bus = std::make_shared<RedisBus>(loop, quick(redis));
    Server root(time, family, bus, 1);
    REQUIRE(wait_ready(loop, *bus));
    const std::string before = subscription_count(redis);

    constexpr int count = 20'000;
    constexpr int at_once = 500;
    std::vector<std::unique_ptr<Server>> servers;
    for (int number = 0; number < count; ++number) {
      servers.push_back(std::make_unique<Server>(time, family, bus, 2, "/tenant-" + std::to_string(number)));
      if (servers.size() == at_once) {
        servers.erase(servers.begin(), servers.begin() + at_once / 2);
        loop.poll();
      }
    }
    servers.clear();
    Ending<std::size_t> counted;
    root.adapter->server_count(counted.callback());
    REQUIRE(wait(loop, [&] { return subscription_count(redis) == before; }));

    // The client has removed its subscriptions too: otherwise it would resubscribe.
    redis.kill();
    REQUIRE(wait(loop, [&] { return !bus->is_ready(); }));
    redis.start();
    REQUIRE(wait_ready(loop, *bus));
    CHECK(subscription_count(redis) == before);
  }
}

TEST_CASE("redis bus: 100,000 rooms come and go, and leave no subscription behind") {
  for (const Family& family : nodes::families) {
    CAPTURE(family.name);
    support::RedisServer redis;
    Loop loop;
    FakeTime time;
    const auto bus = std::make_shared<RedisBus>(loop, quick(redis));
    Server server(time, family, bus, 1);
    nodes::FakeSocket& socket = server.host.shard().add("s");
    REQUIRE(wait_ready(loop, *bus));
    const std::string before = subscription_count(redis);

    constexpr int count = 100'000;
    constexpr int at_once = 1'000;
    adapter::RoomIndex& index = server.host.shard().index();
    for (int number = 0; number < count; ++number) {
      index.join(socket, "room-" + std::to_string(number));
      if (number >= at_once) {
        index.leave(socket, "room-" + std::to_string(number - at_once));
      }
      if (number % at_once == 0) {
        loop.poll();
      }
    }
    for (int number = count - at_once; number < count; ++number) {
      index.leave(socket, "room-" + std::to_string(number));
    }
    CHECK(index.named_room_count() == 0);
    REQUIRE(wait(loop, [&] { return subscription_count(redis) == before; }));

    redis.kill();
    REQUIRE(wait(loop, [&] { return !bus->is_ready(); }));
    redis.start();
    REQUIRE(wait_ready(loop, *bus));
    CHECK(subscription_count(redis) == before);
  }
}

}  // namespace redis_bus_test
