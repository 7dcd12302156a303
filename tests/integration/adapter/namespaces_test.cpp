// Namespaces that clients join and leave again, on a server in a fleet.

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/adapter/redis_bus.hpp>
#include <socketio/server.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

#include "nodes/node.hpp"
#include "polling_client.hpp"

namespace namespaces_test {

using namespace recorders;
using nodes::Family;
using support::PollingClient;

namespace {

constexpr char separator = '\x1e';

/// A server that creates every requested namespace, and removes empty ones.
struct Dynamic {
  explicit Dynamic(const Family& family) : bus(std::make_shared<RedisBus>(loop, redis.url())) {
    server = std::make_unique<Server>(loop, options(family, bus));
    Server& io = *server;
    io.of([](std::string_view, const Value&) { return true; });
    REQUIRE(wait(loop, [this] { return bus->is_ready(); }));
    REQUIRE(io.listen("127.0.0.1", 0).ok());
  }
  ~Dynamic() {
    bool closed = false;
    server->close(std::chrono::seconds(0), [&closed] { closed = true; });
    wait(loop, [&closed] { return closed; });
    server.reset();
    loop.poll();
  }
  static ServerOptions options(const Family& family, const std::shared_ptr<RedisBus>& bus) {
    ServerOptions options;
    options.adapter = family.make(bus);
    options.cleanup_empty_child_namespaces = true;
    options.namespaces_per_connection_max = 1'000;
    return options;
  }
  [[nodiscard]] std::string subscription_count() const {
    return redis.ask({"EVAL",
                      "return redis.call('PUBSUB', 'NUMPAT') + #redis.call('PUBSUB', 'CHANNELS') + "
                      "#redis.call('PUBSUB', 'SHARDCHANNELS')",
                      "0"});
  }

  support::RedisServer redis;
  Loop loop;
  std::shared_ptr<RedisBus> bus;
  std::unique_ptr<Server> server;
  [[nodiscard]] std::uint16_t port() const { return server->port(); }
};

}  // namespace

TEST_CASE("namespaces: one that is left and asked for again in the same moment is in the fleet as before") {
  for (const Family& family : nodes::families) {
    CAPTURE(family.name);
    Dynamic server(family);
    PollingClient client(server.loop, server.port());
    client.send("40/tenant,");
    REQUIRE(client.receive().find("40/tenant,") == 0);
    nodes::FakeTime time;
    const auto other_bus = std::make_shared<RedisBus>(server.loop, server.redis.url());
    nodes::FakeHost other_host(time, "/tenant", 7);
    const auto other = family.make(other_bus)(other_host);
    REQUIRE(wait(server.loop, [&] { return other_bus->is_ready(); }));

    client.send(std::string("41/tenant,") + separator + "40/tenant,");
    REQUIRE(client.receive().find("40/tenant,") == 0);
    nodes::Ending<nodes::FetchedSockets> fetched;
    REQUIRE(wait(server.loop, [&] { return server.bus->is_ready(); }));
    other->fetch({}, fetched.callback());
    REQUIRE(wait(server.loop, [&] { return fetched.count() == 1; }));
    CHECK(fetched->sockets.count == 1);
    CHECK(fetched->servers_missing == 0);
    other->apply(socketio::Operation::emit({}, nodes::packed(R"(["hello"])").bytes()));
    CHECK(client.receive() == "42/tenant,[\"hello\"]");
  }
}

TEST_CASE("namespaces: thousands that clients ask for and leave again leave nothing behind") {
  for (const Family& family : nodes::families) {
    CAPTURE(family.name);
    Dynamic server(family);
    const std::string before = server.subscription_count();
    PollingClient client(server.loop, server.port());
    for (int round = 0; round < 10; ++round) {
      std::string connects;
      std::string disconnects;
      for (int number = 0; number < 300; ++number) {
        const std::string nsp = "/tenant-" + std::to_string(round) + "-" + std::to_string(number) + ",";
        connects += (number == 0 ? "" : std::string(1, separator)) + "40" + nsp;
        disconnects += (number == 0 ? "" : std::string(1, separator)) + "41" + nsp;
      }
      client.send(connects);
      static_cast<void>(client.receive());
      client.send(disconnects);
    }
    REQUIRE(wait(server.loop, [&] { return server.subscription_count() == before; }));
    server.redis.kill();
    REQUIRE(wait(server.loop, [&] { return !server.bus->is_ready(); }));
    server.redis.start();
    REQUIRE(wait(server.loop, [&] { return server.bus->is_ready(); }));
    CHECK(server.subscription_count() == before);
  }
}

}  // namespace namespaces_test
