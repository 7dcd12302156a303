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

TEST_CASE("interruption: SIGINT, SIGTERM and SIGHUP send what was read, with the summary") {
  const RedisServer redis;
  for (const auto& [number, status] : {std::pair{SIGINT, 130}, {SIGTERM, 143}, {SIGHUP, 129}}) {
    const Subscriber server(redis.port());
    Tool tool({"-r", redis.url(), "--input", "-"});
    tool.write(lines(1'000));
    REQUIRE(server.has(1'000));
    tool.signal(number);
    // The input stays open: only the signal ends the tool.
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

TEST_CASE("interruption: a closed terminal, which sends SIGHUP more than once, does not end it before its summary") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  Tool tool({"-r", redis.url(), "--timeout", "1s", "--input", "-"});
  tool.write(lines(1));
  REQUIRE(server.has(1));
  ::kill(redis.pid(), SIGSTOP);
  tool.write(lines(10));
  for (int i = 0; i < 3; ++i) {
    tool.signal(SIGHUP);
    eventually([&] { return !tool.running(); }, 20ms);
  }
  const Ended ended = tool.wait(5s);
  ::kill(redis.pid(), SIGCONT);
  CHECK(ended.status == 129);
  CHECK(ended.summary()["sent"] == 1);
}

TEST_CASE("interruption: with nohup, a closed terminal changes nothing") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  Surroundings nohup;
  nohup.ignores_hangup = true;
  Tool tool({"-r", redis.url(), "--input", "-"}, nohup);
  nohup.tool = "SOCKETIO_FLEET";
  Tool tap({"tap", "-r", redis.url(), "--transport", "classic", "-o", "json"}, nohup);
  tool.write(lines(1));
  REQUIRE(server.has(1));
  REQUIRE(eventually([&] { return tap.err().find("Listening") != std::string::npos; }));
  tool.signal(SIGHUP);
  tap.signal(SIGHUP);
  tool.write(lines(1));
  const Ended ended = tool.wait();
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == 2);
  tap.signal(SIGINT);
  CHECK(tap.wait().status == 130);
}

TEST_CASE("interruption: a tap whose terminal is closed ends with its summary") {
  const RedisServer redis;
  Surroundings surroundings;
  surroundings.tool = "SOCKETIO_FLEET";
  Tool tap({"tap", "-r", redis.url(), "--transport", "classic", "-o", "json"}, surroundings);
  REQUIRE(eventually([&] { return tap.err().find("Listening") != std::string::npos; }));
  tap.signal(SIGHUP);
  const Ended ended = tap.wait();
  CHECK(ended.status == 129);
  CHECK(ended.summary()["kind"] == "summary");
}

}  // namespace interruption_test
