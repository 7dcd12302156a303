#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>

#include "subscriber.hpp"
#include "support/redis_server.hpp"
#include "tool.hpp"

namespace outage_test {

using namespace support;
using namespace std::chrono_literals;

namespace {

std::string line(int number) { return R"({"event":"e","args":["<)" + std::to_string(number) + ">\"]}\n"; }

std::string lines(int first, int last) {
  std::string text;
  for (int number = first; number <= last; ++number) {
    text += line(number);
  }
  return text;
}

}  // namespace

TEST_CASE("outage: Redis is killed and comes back in the middle of a batch; the accounts are exact") {
  RedisServer redis;
  const Subscriber server(redis.port());
  Tool tool({"-r", redis.url(), "--timeout", "20s", "--input", "-"});
  constexpr int total = 60'000;
  tool.write(lines(1, 20'000));
  REQUIRE(server.has(5'000));
  redis.kill();
  redis.start();
  tool.write(lines(20'001, total));
  const Ended ended = tool.wait(60s);
  INFO(ended.err);
  const auto summary = ended.summary();
  const auto sent = summary["sent"].get<std::size_t>();
  const auto unconfirmed = summary["unconfirmed"].get<std::size_t>();
  const auto unheard = summary["no_receivers"].get<std::size_t>();
  CHECK(sent + unconfirmed == total);
  CHECK(summary["failed"] == 0);
  CHECK(ended.status == (unconfirmed == 0 ? 0 : 3));
  // Those that reached the subscriber, and those of which nobody knows.
  REQUIRE(server.has(sent - unheard));
  const std::vector<int> numbers = server.numbers();
  CHECK(numbers.size() <= sent - unheard + unconfirmed);
  CHECK(std::set<int>(numbers.begin(), numbers.end()).size() == numbers.size());
  CHECK(std::is_sorted(numbers.begin(), numbers.end()));
}

TEST_CASE("outage: a Redis that does not come back in time ends the batch; what was sent stays sent") {
  RedisServer redis;
  const Subscriber server(redis.port());
  Tool tool({"-r", redis.url(), "--timeout", "500ms", "--input", "-"});
  tool.write(lines(1, 100));
  REQUIRE(server.has(100));
  redis.kill();
  int number = 100;
  REQUIRE(eventually([&] {
    if (number < 200) {
      tool.write(line(++number));
    }
    return !tool.running();
  }));
  const Ended ended = tool.wait();
  CHECK(ended.status == 3);
  CHECK(ended.says("did not come back within 500ms"));
  CHECK(ended.summary()["sent"] == 100);
  const int lost = ended.summary()["failed"].get<int>() + ended.summary()["unconfirmed"].get<int>();
  CHECK(lost >= 1);
  CHECK(lost <= number - 100);
  CHECK((ended.says("line 101 ") || ended.says("lines 101 to ") || ended.says("line 101)")));
}

TEST_CASE("outage: a Redis that went away while there was nothing to send is found again before anything is written") {
  RedisServer redis;
  Tool tool({"-r", redis.url(), "--input", "-"});
  {
    const Subscriber server(redis.port());
    tool.write(lines(1, 1));
    REQUIRE(server.has(1));
  }
  redis.kill();
  redis.start();
  const Subscriber server(redis.port());
  tool.write(lines(2, 2));
  const Ended ended = tool.wait(20s);
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == 2);
  REQUIRE(server.has(1));
}

}  // namespace outage_test
