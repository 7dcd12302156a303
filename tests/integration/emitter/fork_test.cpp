// Processes that fork after they have used an emitter, as pre-forking jobs do. With a real Redis.

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <socketio/asker.hpp>
#include <socketio/emitter.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

namespace fork_test {

using namespace recorders;
using namespace std::chrono_literals;

namespace {

/// Runs `act` in a child process; its exit status is the result of `act`.
pid_t in_child(const std::function<int()>& act) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    int status = 99;
    try {
      status = act();
    } catch (...) {
    }
    ::_exit(status);
  }
  return pid;
}

int status_of(pid_t pid) {
  int status = -1;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

}  // namespace

TEST_CASE("fork: each side of a pre-forking job emits over a connection of its own, and nothing is lost or sent twice") {
  support::RedisServer server;
  Loop loop;
  Messages received;
  redis::Client client(loop, redis::parse_url(server.url()));
  client.subscribe(redis::SubscriptionKind::pattern, "socket.io*", received);
  client.connect();
  REQUIRE(wait_ready(loop, client));

  constexpr int children = 4;
  constexpr int emits = 500;
  Emitter io(server.url());
  io.emit("before", "parent");
  REQUIRE(io.flush(20s).confirmed == 1);
  io.emit("waiting", "parent");  // not flushed: the parent sends it
  std::vector<pid_t> pids;
  for (int child = 0; child < children; ++child) {
    pids.push_back(in_child([&io, child] {
      for (int number = 0; number < emits; ++number) {
        io.emit("e", "child-" + std::to_string(child) + "-" + std::to_string(number) + ".");
      }
      const EmitSummary summary = io.flush(20s);
      return summary.ok() && summary.confirmed == emits && io.totals().confirmed == emits ? 0 : 1;
    }));
  }
  for (int number = 0; number < emits; ++number) {
    io.emit("e", "parent-" + std::to_string(number) + ".");
  }
  const EmitSummary summary = io.flush(20s);
  CHECK(summary.ok());
  CHECK(summary.confirmed == emits + 1);
  for (const pid_t pid : pids) {
    CHECK(status_of(pid) == 0);
  }
  constexpr std::size_t total = 2 + emits * (children + 1);
  wait(loop, [&] { return received.messages.size() >= total; });
  std::set<std::string> different;
  for (const auto& message : received.messages) {
    different.insert(message.payload);
  }
  CHECK(received.messages.size() == total);
  CHECK(different.size() == total);
}

TEST_CASE("fork: a child that only ends leaves the parent's connection alone, and what waits to the parent") {
  support::RedisServer server;
  Emitter io(server.url());
  io.emit("a");
  REQUIRE(io.flush(20s).confirmed == 1);
  io.emit("b");
  CHECK(status_of(in_child([&io] {
          { const Emitter ended = Emitter("unix:///nonexistent"); }
          io.~Emitter();  // as when the child leaves the scope
          return 0;
        })) == 0);
  CHECK(io.flush(20s).confirmed == 1);
  CHECK(io.redis_counters().connects == 1);
  CHECK(io.redis_counters().protocol_errors == 0);
}

TEST_CASE("fork: an asker asks over connections of its own in a child") {
  support::RedisServer server;
  Asker fleet(server.url());
  CHECK(fleet.servers().complete);
  const pid_t child = in_child([&fleet] { return fleet.servers().complete ? 0 : 1; });
  CHECK(fleet.servers().complete);
  CHECK(status_of(child) == 0);
}

}  // namespace fork_test
