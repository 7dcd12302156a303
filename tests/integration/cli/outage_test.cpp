#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <string>

#include "subscriber.hpp"
#include "support/folder.hpp"
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
  // The last line arrives, and there is at most one gap: Redis may have confirmed emits that it had not delivered yet.
  REQUIRE(eventually([&] {
    const auto numbers = server.numbers();
    return !numbers.empty() && numbers.back() == total;
  }));
  const std::vector<int> numbers = server.numbers();
  CHECK(numbers.size() <= sent - unheard + unconfirmed);
  const auto not_next = [](int one, int next) { return next != one + 1; };
  const auto gap = std::adjacent_find(numbers.begin(), numbers.end(), not_next);
  CHECK(numbers.front() == 1);
  if (gap != numbers.end()) {
    CHECK(*gap < *(gap + 1));
    CHECK(std::adjacent_find(gap + 1, numbers.end(), not_next) == numbers.end());
  }
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
  CHECK((ended.says("Go on from line 101 ") || ended.says("Go on from line 102 ")));  // line 101 may be unconfirmed
  CHECK(ended.says("is the last one that was read."));
}

TEST_CASE("outage: a user who is deleted in the middle of a batch is what is told, not a Redis that stays away") {
  const RedisServer redis;
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "on", ">pw", "+@all", "&*", "~*"}).starts_with("+OK"));
  const Subscriber server(redis.port());
  Tool tool({"-r", redis.url(), "--user", "app", "--timeout", "500ms", "--input", "-"}, {{"SOCKETIO_REDIS_PASSWORD=pw"}});
  tool.write(lines(1, 3));
  REQUIRE(server.has(3));
  REQUIRE(redis.ask({"ACL", "DELUSER", "app"}) == ":1");
  int number = 3;
  REQUIRE(eventually([&] {
    if (number < 100) {
      tool.write(line(++number));
    }
    return !tool.running();
  }));
  const Ended ended = tool.wait();
  CHECK(ended.status == 3);
  CHECK(ended.says("refused the user name or the password"));
  CHECK_FALSE(ended.says("did not come back"));
  CHECK(ended.says("Go on from line "));
  CHECK(ended.says("is the last one that was read."));
}

TEST_CASE("outage: servers that come and go while lines come slowly are counted") {
  const RedisServer redis;
  const Subscriber stays(redis.port());
  Tool tool({"-r", redis.url(), "--input", "-", "--require-receivers", "1"});
  tool.write(lines(1, 1));
  REQUIRE(stays.has(1));
  {
    const Subscriber second(redis.port());
    const Subscriber third(redis.port());
    tool.write(lines(2, 2));
    REQUIRE(third.has(1));
    // The servers are counted again after an emit has reached more subscribers than known servers.
    REQUIRE(eventually([&] {
      return redis.ask({"INFO", "commandstats"}).find("cmdstat_pubsub|numsub:calls=2,") != std::string::npos;
    }));
  }
  REQUIRE(eventually([&] { return redis.ask({"PUBLISH", "probe", ""}) == ":1"; }));
  tool.write(lines(3, 3));
  const Ended ended = tool.wait();
  CHECK(ended.summary()["receivers"] == nlohmann::json::parse(R"({"1":2,"3":1})"));
  CHECK(ended.summary()["reached_fewer"] == 1);
  CHECK(ended.says("1 emit (line 3) reached fewer servers than there were before."));
  CHECK(ended.status == 3);
}

TEST_CASE("outage: a batch that began before any server finds the transport once servers listen") {
  const RedisServer redis;
  Tool tool({"-r", redis.url(), "--input", "-"});
  tool.write(lines(1, 1));
  REQUIRE(eventually([&] { return redis.ask({"INFO", "commandstats"}).find("cmdstat_publish:") != std::string::npos; }));
  const Subscriber server(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#"});
  int number = 1;
  REQUIRE(eventually([&] {
    tool.write(lines(number + 1, number + 1));
    ++number;
    return server.count() != 0;
  }));
  const Ended ended = tool.wait();
  CHECK(ended.status == 0);
  CHECK(ended.says("Servers listen now: sent by the transport sharded from here on."));
}

TEST_CASE("outage: what a batch sent as classic before it found streams servers has reached none of them") {
  const RedisServer redis;
  Tool tool({"-r", redis.url(), "--stream-count", "1", "--input", "-"});
  tool.write(lines(1, 1));
  REQUIRE(eventually([&] { return redis.ask({"INFO", "commandstats"}).find("cmdstat_publish:") != std::string::npos; }));
  const Subscriber server(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  int number = 1;
  REQUIRE(eventually([&] {
    tool.write(line(++number));
    return redis.ask({"EXISTS", "socket.io"}) == ":1";
  }));
  const Ended ended = tool.wait();
  INFO(ended.err);
  CHECK(ended.says("Servers listen now: sent by the transport streams from here on."));
  CHECK(ended.summary()["no_receivers"] ==
        ended.summary()["sent"].get<int>() - ended.summary()["receivers_unknown"].get<int>());
  CHECK_FALSE(ended.summary()["receivers"].contains("1"));
  CHECK(ended.status == 0);
}

TEST_CASE("outage: a streams server that starts during a batch stands in for no classic server that leaves") {
  const RedisServer redis;
  auto classic = std::make_unique<Subscriber>(redis.port());
  Tool tool({"-r", redis.url(), "--transport", "classic", "--input", "-"});
  tool.write(lines(1, 3));
  REQUIRE(classic->has(3));
  const Subscriber streams(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  tool.write(line(4));
  // The servers are counted again after an emit has reached more subscribers than known servers.
  REQUIRE(eventually([&] {
    return redis.ask({"INFO", "commandstats"}).find("cmdstat_pubsub|numsub:calls=2,") != std::string::npos;
  }));
  classic.reset();
  REQUIRE(eventually([&] { return redis.ask({"PUBLISH", "socket.io#/#", ""}) == ":1"; }));
  tool.write(lines(5, 300));
  const Ended ended = tool.wait();
  INFO(ended.err);
  CHECK(ended.summary()["receivers"] == nlohmann::json::parse(R"({"0":296,"1":4})"));
  CHECK(ended.summary()["reached_fewer"] == 296);
  CHECK(ended.status == 3);
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

TEST_CASE("outage: after it a batch waits until as many servers are back as there were, and nothing goes past them") {
  RedisServer redis;
  auto first = std::make_unique<Subscriber>(redis.port());
  auto second = std::make_unique<Subscriber>(redis.port());
  Tool tool({"-r", redis.url(), "--timeout", "20s", "--input", "-"});
  tool.write(lines(1, 10'000));
  REQUIRE(first->has(10'000));
  REQUIRE(second->has(10'000));
  second.reset();  // resubscribes later than Redis returns
  redis.kill();
  tool.write(lines(10'001, 12'000));
  redis.start();
  REQUIRE(eventually([&] { return tool.err().find("for the servers") != std::string::npos; }));
  second = std::make_unique<Subscriber>(redis.port());
  const Ended ended = tool.wait(60s);
  INFO(ended.err);
  const auto summary = ended.summary();
  CHECK(summary["unconfirmed"] == 0);
  CHECK(summary["sent"] == 12'000);
  CHECK(ended.status == 0);
  CHECK(second->has(2'000));
}

TEST_CASE(
    "outage: emits that reached fewer servers than there were end with status 3, the numbers, and the lines to feed in again") {
  const RedisServer redis;
  const Subscriber stays(redis.port());
  auto leaves = std::make_unique<Subscriber>(redis.port());
  const Folder folder;
  const std::string rejects = folder / "rejects";
  Tool tool({"-r", redis.url(), "--input", "-", "--rejects", rejects, "--on-error", "skip"});
  tool.write(lines(1, 3));
  REQUIRE(leaves->has(3));
  leaves.reset();
  REQUIRE(eventually([&] { return redis.ask({"PUBLISH", "probe", ""}) == ":1"; }));
  tool.write(lines(4, 5) + "{\"event\":7}\n");
  REQUIRE(stays.has(5));
  {
    const Subscriber again(redis.port());
    tool.write(lines(6, 6));
    REQUIRE(again.has(1));
  }
  REQUIRE(eventually([&] { return redis.ask({"PUBLISH", "probe", ""}) == ":1"; }));
  tool.write(lines(7, 7));
  const Ended ended = tool.wait();
  CHECK(ended.status == 3);
  CHECK(ended.summary()["reached_fewer"] == 3);
  CHECK(ended.summary()["receivers"] == nlohmann::json::parse(R"({"1":3,"2":4})"));
  CHECK(ended.says("3 emits (lines 4 to 5 and 8) reached fewer servers than there were before."));
  const std::string content = content_of(rejects);
  CHECK(content.find(lines(4, 5)) != std::string::npos);
  CHECK(content.find("{\"event\":7}\n") != std::string::npos);
  CHECK(content.find(line(7)) != std::string::npos);
  CHECK(std::count(content.begin(), content.end(), '\n') == 4);
}

TEST_CASE("outage: a stream takes emits although servers have gone: they are named, and in --rejects") {
  const RedisServer redis;
  const Subscriber::Channel main{"SUBSCRIBE", "socket.io#/#"};
  auto first = std::make_unique<Subscriber>(redis.port(), main);
  auto second = std::make_unique<Subscriber>(redis.port(), main);
  const Folder folder;
  const std::string rejects = folder / "rejects";
  Tool tool({"-r", redis.url(), "--transport", "streams", "--stream-count", "1", "--input", "-", "--rejects", rejects});
  tool.write(lines(1, 3));
  // The servers are counted again once the emits are in the stream.
  REQUIRE(eventually([&] {
    return redis.ask({"INFO", "commandstats"}).find("cmdstat_pubsub|numsub:calls=2,") != std::string::npos;
  }));
  std::string left;
  SUBCASE("one of two") { left = ":1"; }
  SUBCASE("all") {
    left = ":0";
    second.reset();
  }
  first.reset();
  REQUIRE(eventually([&] { return redis.ask({"PUBLISH", "socket.io#/#", ""}) == left; }));
  tool.write(lines(4, 300));
  const Ended ended = tool.wait();
  INFO(ended.err);
  CHECK(ended.status == 3);
  CHECK(ended.summary()["sent"] == 300);
  CHECK(ended.summary()["receivers_unknown"] == 300);
  CHECK(ended.summary()["reached_fewer"] == 297);
  CHECK(ended.says("297 emits (lines 4 to 300) reached fewer servers than there were before."));
  CHECK(content_of(rejects) == lines(4, 300));
}

TEST_CASE("outage: a tap that ends during a sharded batch is no server that is away") {
  const RedisServer redis;
  const Subscriber server(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#"});
  auto tap = std::make_unique<Subscriber>(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#tap#/# socket.io#/#"});
  REQUIRE(eventually([&] { return redis.ask({"SPUBLISH", "socket.io#/#", ""}) == ":2"; }));
  const Folder folder;
  const std::string rejects = folder / "rejects";
  Tool tool({"-r", redis.url(), "--transport", "sharded", "--input", "-", "--rejects", rejects});
  tool.write(lines(1, 3));
  REQUIRE(eventually([&] { return server.numbers().size() == 3; }));
  tap.reset();
  REQUIRE(eventually([&] { return redis.ask({"SPUBLISH", "socket.io#/#", ""}) == ":1"; }));
  tool.write(lines(4, 300));
  const Ended ended = tool.wait();
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(ended.summary()["receivers"] == nlohmann::json::parse(R"({"1":300})"));
  CHECK_FALSE(ended.summary().contains("reached_fewer"));
  CHECK(content_of(rejects).empty());
}

TEST_CASE("outage: a classic tap stands in for no server that leaves, and is no server that is away when it ends") {
  const RedisServer redis;
  const Subscriber stays(redis.port());
  auto leaves = std::make_unique<Subscriber>(redis.port());
  auto tap = std::make_unique<Subscriber>(redis.port(), Subscriber::Channel{"PSUBSCRIBE", "socket.io#/#*"});
  Tool tool({"-r", redis.url(), "--input", "-"});
  tool.write(lines(1, 3));
  REQUIRE(leaves->has(3));
  // The servers are counted again after an emit has reached more subscribers than known servers.
  REQUIRE(eventually([&] {
    return redis.ask({"INFO", "commandstats"}).find("cmdstat_pubsub|numsub:calls=2,") != std::string::npos;
  }));
  bool is_server = false;
  SUBCASE("a server leaves") { is_server = true; }
  SUBCASE("the tap ends"){}(is_server ? leaves : tap).reset();
  REQUIRE(eventually([&] { return redis.ask({"PUBLISH", "socket.io#/#probe#", ""}) == ":2"; }));
  tool.write(lines(4, 300));
  const Ended ended = tool.wait();
  INFO(ended.err);
  CHECK(ended.status == (is_server ? 3 : 0));
  CHECK(ended.summary()["receivers"] == nlohmann::json::parse(is_server ? R"({"1":297,"2":3})" : R"({"2":300})"));
  CHECK(ended.summary().value("reached_fewer", 0) == (is_server ? 297 : 0));
  CHECK(ended.says("297 emits (lines 4 to 300) reached fewer servers than there were before.") == is_server);
}

TEST_CASE("outage: a tap counts an interruption once, however often it tries to connect again") {
  RedisServer redis;
  Surroundings surroundings;
  surroundings.tool = "SOCKETIO_FLEET";
  Tool tap({"tap", "-r", redis.url(), "--transport", "classic", "-o", "json", "-v"}, surroundings);
  REQUIRE(eventually([&] { return tap.err().find("Listening: classic") != std::string::npos; }));
  redis.kill();
  const auto times = [&tap](const std::string& what) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = tap.err().find(what, at)) != std::string::npos; at += what.size()) {
      ++count;
    }
    return count;
  };
  REQUIRE(eventually([&] { return times("nothing listens there. [") >= 6; }));  // attempts of two connections
  redis.start();
  REQUIRE(eventually([&] { return times("Listening again (classic).") == 1; }));
  CHECK(times("What is said until the connection is back is missed (classic).") == 1);
  tap.signal(SIGINT);
  CHECK(tap.wait().summary()["interruptions"] == 1);
}

}  // namespace outage_test
