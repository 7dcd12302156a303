#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <support/sentinel_deployment.hpp>

#include "subscriber.hpp"
#include "tool.hpp"

namespace sentinel_test {

using namespace support;

namespace {

std::string line(int number) { return R"({"event":"chat","args":["<)" + std::to_string(number) + ">\"]}\n"; }

SentinelDeployment::Settings with_passwords() {
  SentinelDeployment::Settings settings;
  settings.password = "of-the-servers";
  settings.sentinel_password = "of-the-sentinels";
  return settings;
}

const Surroundings passwords{{"SOCKETIO_REDIS_PASSWORD=of-the-servers", "SOCKETIO_SENTINEL_PASSWORD=of-the-sentinels"}};

}  // namespace

TEST_CASE("sentinel: a batch goes on through a failover, with passwords of servers and sentinels") {
  const SentinelDeployment deployment(with_passwords());
  REQUIRE(eventually([&] { return deployment.is_complete(); }, std::chrono::seconds(30)));
  const Subscriber server(deployment.second.port(), "default", "of-the-servers");  // replicas get their master's messages
  Tool tool({"-r", deployment.url(), "--input", "-", "--timeout", "20s"}, passwords);
  int given = 0;
  const auto give = [&] { tool.write(line(++given)); };
  const auto arrives = [&] {
    give();
    const int wanted = given;
    return eventually(
        [&] {
          const std::vector<int> numbers = server.numbers();
          return !numbers.empty() && numbers.back() >= wanted;
        },
        std::chrono::seconds(1));
  };
  REQUIRE(eventually(arrives, std::chrono::seconds(30)));

  REQUIRE(deployment.sentinels[1]->ask({"SENTINEL", "FAILOVER", "orders"}) == "+OK");
  REQUIRE(eventually([&] { return SentinelDeployment::is_master(deployment.second); }, std::chrono::seconds(30)));
  REQUIRE(eventually(arrives, std::chrono::seconds(30)));

  const Ended ended = tool.wait();
  const nlohmann::json summary = ended.summary();
  CHECK(summary["sent"].get<int>() + summary["unconfirmed"].get<int>() == given);
  CHECK(summary["failed"] == 0);
  CHECK(ended.status == (summary["unconfirmed"] == 0 ? 0 : 3));
  const std::vector<int> numbers = server.numbers();
  CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  CHECK(std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end());
}

TEST_CASE("sentinel: a tap goes on through a failover") {
  const SentinelDeployment deployment(with_passwords());
  REQUIRE(eventually([&] { return deployment.is_complete(); }, std::chrono::seconds(30)));
  Surroundings fleet = passwords;
  fleet.tool = "SOCKETIO_FLEET";
  Tool tap({"tap", "-r", deployment.url(), "-e", "after", "--limit", "1", "-o", "json", "-v"}, fleet);
  REQUIRE(eventually([&] { return tap.err().find("Connected.") != std::string::npos; }, std::chrono::seconds(30)));

  REQUIRE(deployment.sentinels[2]->ask({"SENTINEL", "FAILOVER", "orders"}) == "+OK");
  REQUIRE(eventually([&] { return SentinelDeployment::is_master(deployment.second); }, std::chrono::seconds(30)));
  REQUIRE(eventually(
      [&] {
        static_cast<void>(emit({"-r", deployment.url(), "after"}, "", passwords));
        return !tap.running();
      },
      std::chrono::seconds(60)));
  const Ended ended = tap.wait();
  CHECK(ended.status == 0);
  CHECK(ended.out.find("after") != std::string::npos);
}

TEST_CASE("sentinel: what is wrong is status 2 or 1, with what to do") {
  const RedisServer master({"--requirepass", "of-the-servers"});
  const RedisServer sentinel(RedisServer::SentinelLines{"sentinel monitor orders 127.0.0.1 " + std::to_string(master.port()) +
                                                        " 1\nsentinel auth-pass orders of-the-servers"},
                             {"--requirepass", "of-the-sentinels"});
  const std::string url = "redis+sentinel://127.0.0.1:" + std::to_string(sentinel.port()) + "/orders";
  CHECK(emit({"-r", url, "chat"}, "", passwords).status == 0);

  const Ended no_password = emit({"-r", url, "chat"}, "", {{"SOCKETIO_REDIS_PASSWORD=of-the-servers"}});
  CHECK(no_password.status == 2);
  CHECK(no_password.says("asks for a password"));
  CHECK(no_password.says("--sentinel-password-file"));

  const Ended wrong = emit({"-r", url, "chat"}, "", {{"SOCKETIO_SENTINEL_PASSWORD=wr0ng"}});
  CHECK(wrong.status == 2);
  CHECK(wrong.says("refused the password"));
  CHECK(wrong.says("--sentinel-password-file"));
  CHECK_FALSE(wrong.says("wr0ng"));

  const Ended no_redis_password = emit({"-r", url, "chat"}, "", {{"SOCKETIO_SENTINEL_PASSWORD=of-the-sentinels"}});
  CHECK(no_redis_password.status == 2);
  CHECK(no_redis_password.says(", the master orders, asks for a password"));
  CHECK(no_redis_password.says("--password-file"));

  const Ended unknown = emit({"-r", url + "x", "chat"}, "", passwords);
  CHECK(unknown.status == 2);
  CHECK(unknown.says("knows no master with the name \"ordersx\"."));

  const Ended nobody = emit({"-r", "redis+sentinel://127.0.0.1:1/orders", "chat"}, "", passwords);
  CHECK(nobody.status == 2);
  CHECK(nobody.says("Sentinel at 127.0.0.1:1 refused the connection"));
  CHECK(nobody.says("Look whether the sentinels run"));
  CHECK_FALSE(nobody.says("Start Redis there"));

  const Ended misplaced = emit({"--sentinel-user", "me", "chat"});
  CHECK(misplaced.status == 1);
  CHECK(misplaced.says("redis+sentinel://"));
}

}  // namespace sentinel_test
