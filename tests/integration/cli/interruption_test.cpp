#include <doctest/doctest.h>
#include <signal.h>

#include <chrono>
#include <string>

#include "subscriber.hpp"
#include "support/redis_server.hpp"
#include "tool.hpp"

namespace interruption_test {

using namespace support;
using namespace std::chrono_literals;

namespace {

std::string lines(int count) {
  std::string text;
  for (int number = 1; number <= count; ++number) {
    text += R"({"event":"e","args":["<)" + std::to_string(number) + ">\"]}\n";
  }
  return text;
}

}  // namespace

TEST_CASE("interruption: SIGINT and SIGTERM send what was read, with the summary") {
  const RedisServer redis;
  for (const auto& [number, status] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
    const Subscriber server(redis.port());
    Tool tool({"-r", redis.url(), "--input", "-"});
    tool.write(lines(1'000));
    REQUIRE(server.has(1'000));
    tool.signal(number);
    // The input stays open: the signal alone ends it.
    REQUIRE(eventually([&] { return !tool.running(); }));
    const Ended ended = tool.wait();
    CHECK(ended.status == status);
    CHECK(ended.summary()["sent"] == 1'000);
    CHECK(ended.summary()["failed"] == 0);
  }
}

TEST_CASE("interruption: while an even pace is kept") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  Tool tool({"-r", redis.url(), "--rate", "1/s", "--input", "-"});
  tool.write(lines(100));
  REQUIRE(server.has(1));
  tool.signal(SIGINT);
  const Ended ended = tool.wait(5s);
  CHECK(ended.status == 130);
  CHECK(ended.summary()["sent"].get<std::size_t>() == server.count());
}

TEST_CASE("interruption: a Redis that hangs is waited for, at most for the timeout") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  Tool tool({"-r", redis.url(), "--timeout", "400ms", "--input", "-"});
  tool.write(lines(1));
  REQUIRE(server.has(1));
  ::kill(redis.pid(), SIGSTOP);
  tool.write(lines(10));
  tool.signal(SIGINT);
  const Ended ended = tool.wait(5s);
  ::kill(redis.pid(), SIGCONT);
  CHECK(ended.status == 130);
  CHECK(ended.summary()["sent"] == 1);
}

TEST_CASE("interruption: a second signal ends it at once") {
  const RedisServer redis;
  ::kill(redis.pid(), SIGSTOP);
  Tool tool({"-r", redis.url(), "--timeout", "1h", "chat"});
  bool ended = false;
  for (int i = 0; i < 500 && !ended; ++i) {
    tool.signal(SIGINT);
    ended = eventually([&] { return !tool.running(); }, 20ms);
  }
  CHECK(ended);
  ::kill(redis.pid(), SIGCONT);
}

}  // namespace interruption_test
