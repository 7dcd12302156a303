// Closing a server of a fleet: its emits reach its clients first, even if they need a reply from Redis before.

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>

#include <socketio/adapter/redis_bus.hpp>
#include <socketio/server.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

#include "nodes/node.hpp"
#include "polling_client.hpp"

namespace closing_test {

using namespace recorders;
using nodes::Family;
using support::PollingClient;

TEST_CASE(
    "closing: what was emitted before it reaches clients here and on other servers, in every family, with recovery or not") {
  support::RedisServer redis;
  for (const Family& family : nodes::families) {
    for (const bool recovery : {false, true}) {
      CAPTURE(family.name);
      CAPTURE(recovery);
      Loop loop;
      std::vector<std::shared_ptr<RedisBus>> buses;
      std::vector<std::unique_ptr<Server>> servers;
      for (int i = 0; i < 2; ++i) {
        buses.push_back(std::make_shared<RedisBus>(loop, redis.url()));
        ServerOptions options;
        options.adapter = family.make(buses.back());
        options.recovery.enabled = recovery;
        servers.push_back(std::make_unique<Server>(loop, std::move(options)));
        REQUIRE(wait(loop, [&] { return buses.back()->is_ready(); }));
        REQUIRE(servers.back()->listen("127.0.0.1", 0).ok());
      }
      PollingClient here(loop, servers[0]->port());
      PollingClient there(loop, servers[1]->port());
      for (PollingClient* const client : {&here, &there}) {
        client->send("40");
        REQUIRE(client->receive().starts_with("40{"));
      }
      bool closed = false;
      servers[0]->emit("bye");
      servers[0]->close(std::chrono::seconds(10), [&closed] { closed = true; });
      CHECK(here.receive().starts_with("42[\"bye\""));
      CHECK(here.receive() ==
            "6\x1e"
            "1");
      CHECK(there.receive().starts_with("42[\"bye\""));
      CHECK(wait(loop, [&closed] { return closed; }));
      bool both = false;
      servers[1]->close(std::chrono::seconds(0), [&both] { both = true; });
      CHECK(wait(loop, [&both] { return both; }));
      servers.clear();
      loop.poll();
    }
  }
}

}  // namespace closing_test
