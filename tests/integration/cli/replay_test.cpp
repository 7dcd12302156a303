#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "subscriber.hpp"
#include "support/redis_server.hpp"
#include "tool.hpp"

namespace replay_test {

using namespace support;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::string line(std::uint64_t at_ms, int number) {
  return R"({"at_ms":)" + std::to_string(at_ms) + R"(,"nsp":"/","event":"e","args":["<)" + std::to_string(number) + ">\"]}\n";
}

constexpr std::uint64_t hour_ms = 3'600'000;

}  // namespace

TEST_CASE("replay: every line in its order, whatever the speed, and each one once") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  std::string recording;
  std::vector<int> numbers;
  for (int number = 1; number <= 300; ++number) {
    recording += line(static_cast<std::uint64_t>(number / 3), number);
    numbers.push_back(number);
  }
  std::size_t expected = 0;
  for (const char* speed : {"1", "0.5", "50", "max"}) {
    CAPTURE(speed);
    const Ended ended = emit({"-r", redis.url(), "--replay", "-", "--speed", speed}, recording);
    CHECK(ended.status == 0);
    CHECK(ended.summary()["sent"] == 300);
    expected += 300;
    REQUIRE(server.has(expected));
    const auto all = server.numbers();
    CHECK(std::equal(numbers.begin(), numbers.end(), all.end() - 300, all.end()));
  }
}

TEST_CASE("replay: every kind of line of a recording, with the options as defaults") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const std::string recording =
      "{\"at_ms\":0,\"nsp\":\"/"
      "\",\"event\":\"a\",\"args\":[{\"$binary\":\"AQI=\"}],\"to\":[7],\"except\":[\"x\"],\"volatile\":true}\n"
      "{\"at_ms\":0,\"op\":\"join\",\"nsp\":\"/m\",\"rooms\":[\"x\"]}\n"
      "{\"at_ms\":1,\"op\":\"leave\",\"nsp\":\"/m\",\"rooms\":[\"x\"]}\n"
      "{\"at_ms\":1,\"op\":\"disconnect\",\"nsp\":\"/m\",\"to\":[\"r\"],\"close\":true}\n"
      "{\"at_ms\":2,\"op\":\"server-side\",\"nsp\":\"/m\",\"event\":\"s\",\"args\":[]}\n"
      "{\"at_ms\":2,\"event\":\"b\"}\n";
  const Ended ended = emit({"-r", redis.url(), "-n", "copy", "-t", "r", "--key", "other", "--replay", "-"}, recording);
  CHECK(ended.status == 0);
  REQUIRE(server.has(6));
  CHECK(server.channels() == Words{"other#/#7#", "other-request#/m#", "other-request#/m#", "other-request#/m#",
                                   "other-request#/m#", "other#/copy#r#"});
}

TEST_CASE("replay: the first line goes at once, the next one waits, and a signal ends that with the summary") {
  const RedisServer redis;
  for (const auto& [number, status] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
    const Subscriber server(redis.port());
    Tool tool({"-r", redis.url(), "--timeout", "200ms", "--replay", "-"});
    tool.write(line(2 * hour_ms, 1) + line(2 * hour_ms, 2) + line(3 * hour_ms, 3));
    REQUIRE(server.has(2));
    tool.signal(number);
    const Ended ended = tool.wait(5s);
    CHECK(ended.status == status);
    CHECK(ended.summary()["sent"] == 2);
    CHECK(ended.summary()["failed"] == 0);
    CHECK(server.count() == 2);
  }
}

TEST_CASE("replay: twice as fast is earlier, and as fast as it goes waits for nothing") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  // Two replays that start together: what one sends after half a second, the other sends after an hour.
  Tool slow({"-r", redis.url(), "--replay", "-"});
  Tool fast({"-r", redis.url(), "--speed", "7200", "--replay", "-"});
  slow.write(line(0, 1) + line(hour_ms, 3));
  REQUIRE(server.has(1));
  fast.write(line(0, 11) + line(hour_ms, 12));
  CHECK(fast.wait().status == 0);
  CHECK(slow.running());
  CHECK(emit({"-r", redis.url(), "--speed", "max", "--replay", "-"}, line(0, 21) + line(hour_ms, 22)).status == 0);
  CHECK(slow.running());
  slow.signal(SIGINT);
  CHECK(slow.wait().status == 130);
  REQUIRE(server.has(5));
  CHECK(server.numbers() == std::vector<int>{1, 11, 12, 21, 22});
}

TEST_CASE("replay: an interrupted one goes on at its checkpoint, and waits for nothing before that") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const std::string checkpoint = "/tmp/socketio-replay-test-" + std::to_string(::getpid());
  const Words words{"-r", redis.url(), "--checkpoint", checkpoint, "--replay", "-"};
  {
    Tool tool(words);
    tool.write(line(0, 1) + line(hour_ms, 2));
    REQUIRE(server.has(1));
    tool.signal(SIGINT);
    CHECK(tool.wait(5s).status == 130);
  }
  const Ended ended = emit(words, line(0, 1) + line(hour_ms, 2) + line(hour_ms + 1, 3));
  CHECK(ended.status == 0);
  ::unlink(checkpoint.c_str());
  REQUIRE(server.has(3));
  CHECK(server.numbers() == std::vector<int>{1, 2, 3});
}

TEST_CASE("replay: a line without a time, or with one that goes back, is a bad line") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const std::string recording = line(5, 1) + line(4, 2) + "{\"event\":\"e\"}\n" + line(5, 3);
  const Ended stopped = emit({"-r", redis.url(), "--replay", "-"}, recording);
  CHECK(stopped.status == 1);
  CHECK(stopped.says("line 2: its \"at_ms\" is less than 5, that of the line before."));
  const Ended skipped = emit({"-r", redis.url(), "--on-error", "skip", "--speed", "max", "--replay", "-"}, recording);
  CHECK(skipped.status == 3);
  CHECK(skipped.says("line 3: there is no \"at_ms\""));
  REQUIRE(server.has(3));
  CHECK(server.numbers() == std::vector<int>{1, 1, 3});
}

TEST_CASE("replay: waiting for a line is not waiting for Redis, also when Redis went away meanwhile") {
  RedisServer redis;
  Tool tool({"-r", redis.url(), "--timeout", "1s", "--replay", "-"});
  {
    const Subscriber server(redis.port());
    tool.write(line(0, 1) + line(3'000, 2));
    REQUIRE(server.has(1));
  }
  redis.kill();
  redis.start();
  const Subscriber server(redis.port());
  const Ended ended = tool.wait(20s);
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == 2);
}

TEST_CASE("replay: a Redis that does not come back ends it as it ends a batch") {
  RedisServer redis;
  const Subscriber server(redis.port());
  Tool tool({"-r", redis.url(), "--timeout", "300ms", "--replay", "-"});
  tool.write(line(0, 1));
  REQUIRE(server.has(1));
  redis.kill();
  int number = 1;
  REQUIRE(eventually([&] {
    if (number < 100) {
      ++number;
      tool.write(line(static_cast<std::uint64_t>(number), number));
    }
    return !tool.running();
  }));
  const Ended ended = tool.wait();
  CHECK(ended.status == 3);
  CHECK(ended.says("did not come back within 300ms"));
  CHECK(ended.summary()["sent"] == 1);
}

TEST_CASE("replay: a dry run keeps to the times, too, and touches no Redis") {
  const Ended ended = emit({"-r", "unix:///nowhere", "--dry-run", "--replay", "-"}, line(0, 1) + line(10, 2));
  CHECK(ended.status == 0);
  CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == 2);
}

TEST_CASE("replay: a recording is a batch, too, whose times mean nothing there") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  CHECK(emit({"-r", redis.url(), "--input", "-"}, line(hour_ms, 1) + line(0, 2) + "{\"event\":\"e\",\"args\":[\"<3>\"]}")
            .status == 0);
  REQUIRE(server.has(3));
  CHECK(server.numbers() == std::vector<int>{1, 2, 3});
}

}  // namespace replay_test
