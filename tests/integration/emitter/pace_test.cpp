// The blocking emitter and servers that read slowly, or not at all. With a real redis-server.

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include <socketio/common/error.hpp>
#include <socketio/emitter.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

#include "../cli/subscriber.hpp"
#include "../cli/tool.hpp"

namespace pace_test {

using namespace recorders;
using namespace std::chrono_literals;
using support::eventually;
using support::RedisServer;
using support::Subscriber;

namespace {

/// Number of times that Redis has run a command, as INFO names it.
int calls(const RedisServer& server, const std::string& command) {
  const std::string stats = server.ask({"INFO", "commandstats"});
  const std::string start = "cmdstat_" + command + ":calls=";
  const std::size_t at = stats.find(start);
  return at == std::string::npos ? 0 : std::atoi(stats.c_str() + at + start.size());
}

EmitterOptions waiting(std::uint32_t wait_ms) {
  EmitterOptions options;
  options.slow_server_wait = std::chrono::milliseconds(wait_ms);
  return options;
}

}  // namespace

TEST_CASE("pace: a server that reads slowly is waited for, and not disconnected by Redis") {
  const RedisServer redis({"--client-output-buffer-limit", "pubsub 24mb 0 0"});
  Subscriber server(redis.port());
  server.pause(true);
  constexpr std::size_t total = 20'000;
  EmitSummary summary;
  std::thread job([&] {
    Emitter io(redis.url(), waiting(60'000));
    const std::string text(3'000, 'x');
    for (std::size_t number = 0; number < total; ++number) {
      io.to("kitchen").emit("order", text);
    }
    summary = io.close(20s);
  });
  const bool waits = eventually([&] { return calls(redis, "client|list") >= 10; }, 20s);
  server.pause(false);
  job.join();
  CHECK(waits);
  CHECK(summary.confirmed == total);
  CHECK(summary.reached_fewer == 0);
  CHECK(summary.stalled_servers == 0);
  CHECK(summary.note.empty());
  CHECK(summary.reached_all());
  CHECK(server.has(total));
}

TEST_CASE("pace: without it, Redis disconnects a server that reads slowly, and the summary counts what it missed") {
  const RedisServer redis({"--client-output-buffer-limit", "pubsub 1mb 0 0"});
  Subscriber server(redis.port());
  server.pause(true);
  Emitter io(redis.url(), waiting(0));
  const std::string text(30'000, 'x');
  for (int number = 0; number < 1'000; ++number) {
    io.emit("order", text);
  }
  const EmitSummary summary = io.close(20s);
  CHECK(summary.ok());
  CHECK(summary.reached_fewer != 0);
  CHECK(summary.reached_fewer == summary.no_receivers);
  CHECK_FALSE(summary.reached_all());
  CHECK(calls(redis, "client|list") == 0);
}

TEST_CASE("pace: a server that reads nothing at all is given up after the time, and the summary says so") {
  const RedisServer redis({"--client-output-buffer-limit", "pubsub 4mb 0 0"});
  Subscriber hung(redis.port());
  const Subscriber other(redis.port());
  hung.pause(true);
  Emitter io(redis.url(), waiting(50));
  const std::string text(30'000, 'x');
  constexpr std::size_t total = 1'000;
  for (std::size_t number = 0; number < total; ++number) {
    io.emit("order", text);
  }
  const EmitSummary summary = io.flush(20s);
  CHECK(summary.ok());
  CHECK(summary.stalled_servers == 1);
  CHECK(summary.note.find("took nothing from Redis for 50 ms") != std::string::npos);
  CHECK(summary.reached_fewer != 0);
  CHECK(summary.no_receivers == 0);
  CHECK(other.has(total));
}

TEST_CASE("pace: close() on another thread ends the wait of an emit, and keeps its deadline") {
  const RedisServer redis({"--client-output-buffer-limit", "pubsub 4mb 0 0"});
  Subscriber hung(redis.port());
  hung.pause(true);
  Emitter io(redis.url(), waiting(3'600'000));  // longer than the test may take
  bool was_closed = false;
  std::thread job([&] {
    const std::string text(30'000, 'x');
    try {
      for (;;) {
        io.emit("order", text);
      }
    } catch (const Error& error) {
      was_closed = error.code() == ErrorCode::closed;
    }
  });
  const bool waits = eventually([&] { return calls(redis, "client|list") >= 10; }, 20s);
  const EmitSummary summary = io.close(1s);
  job.join();
  CHECK(waits);
  CHECK(was_closed);
  CHECK(summary.ok());
}

TEST_CASE("pace: a user without the right to list clients emits as before, and the summary says that nothing was waited for") {
  const RedisServer redis;
  CHECK(redis.ask({"ACL", "SETUSER", "job", "on", ">secret", "+publish", "&*"}) == "+OK");
  const Subscriber server(redis.port());
  redis::Options options = redis::parse_url(redis.url());
  options.username = "job";
  options.password = "secret";
  Emitter io(options);
  const std::string text(30'000, 'x');
  constexpr std::size_t total = 300;
  for (std::size_t number = 0; number < total; ++number) {
    io.emit("order", text);
  }
  const EmitSummary summary = io.flush(20s);
  CHECK(summary.confirmed == total);
  CHECK(summary.note == "Redis refuses CLIENT LIST to this user, so slow servers cannot be seen and are not waited for.");
  CHECK(server.has(total));
}

TEST_CASE("pace: a message for which Redis would disconnect every server is refused") {
  const RedisServer redis({"--client-output-buffer-limit", "pubsub 2mb 0 0"});
  const Subscriber server(redis.port());
  Emitter io(redis.url());
  REQUIRE(io.connect(20s).empty());
  try {
    io.emit("file", std::string(3'000'000, 'x'));
    FAIL("it was accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::too_large);
    CHECK(std::string_view(error.what()).find("client-output-buffer-limit") != std::string_view::npos);
  }
  io.emit("file", std::string(1'200'000, 'x'));
  CHECK(io.flush(20s).reached_all());
  CHECK(server.has(1));
}

TEST_CASE("pace: little output costs no question to Redis") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  Emitter io(redis.url());
  for (int number = 0; number < 1'000; ++number) {
    io.emit("order", number);
  }
  CHECK(io.close(20s).reached_all());
  CHECK(calls(redis, "client|list") == 0);
  CHECK(calls(redis, "config|get") == 0);
}

TEST_CASE("pace: a reader of a stream that reads nothing is given up after the time, one that reads is waited for") {
  const char* limit = "normal 0 0 0";
  std::size_t text_bytes = 1;
  std::uint32_t length_max = 400;
  SUBCASE("by the number of entries") {}
  SUBCASE("by their bytes, where Redis limits the output of a reader") {
    limit = "normal 1mb 0 0";
    text_bytes = 10'000;
    length_max = 10'000;
  }
  const RedisServer redis({"--client-output-buffer-limit", limit});
  Loop loop;
  redis::Client reader(loop, redis::parse_url(redis.url()));
  reader.connect();
  REQUIRE(wait_ready(loop, reader));
  bool is_read = false;
  constexpr std::array<std::string_view, 6> words{"XREAD", "COUNT", "1", "STREAMS", "socket.io", "0"};
  reader.command(words, [&is_read](const redis::CommandResult&) { is_read = true; });
  REQUIRE(wait(loop, [&is_read] { return is_read; }));
  EmitterOptions options = waiting(50);
  options.transport = Transport::streams;
  options.stream_length_max = length_max;
  Emitter io(redis.url(), options);
  const std::string text(text_bytes, 'x');
  for (int number = 0; number < 300; ++number) {
    io.emit("order", text);
  }
  const EmitSummary summary = io.close(20s);
  CHECK(summary.confirmed == 300);
  CHECK(summary.stalled_servers == 1);
  CHECK(summary.note.find("Readers of the stream") != std::string::npos);
}

TEST_CASE("pace: emits that reach fewer servers than before are counted, by namespace and on a loop, too") {
  const RedisServer redis;
  const Subscriber first(redis.port());
  Loop loop;
  std::size_t ended = 0;
  AsyncEmitter on_loop(loop, redis.url(), [&ended](const EmitResult& result) {
    ++ended;
    CHECK(result.id == ended);
  });
  Emitter io(redis.url());
  const auto emit_all = [&] {
    io.to("kitchen").emit("order");
    io.of("/admin").sockets_join("a");
    io.flush(20s);
    on_loop.of("/admin").emit("order");
    const std::size_t all = ended + 1;
    REQUIRE(wait(loop, [&] { return ended == all; }));
  };
  {
    const Subscriber second(redis.port());
    emit_all();
    CHECK(io.totals().reached_fewer == 0);
  }
  REQUIRE(eventually([&] { return redis.ask({"PUBSUB", "NUMPAT"}) == ":1" && redis.ask({"PUBLISH", "x", ""}) == ":1"; }));
  emit_all();
  CHECK(io.totals().reached_fewer == 2);
  CHECK(on_loop.totals().reached_fewer == 1);
  emit_all();
  CHECK(io.totals().reached_fewer == 2);       // each flush() begins with the servers of the one before
  CHECK(on_loop.totals().reached_fewer == 2);  // without one, the first emits remain the measure
}

}  // namespace pace_test
