// Malformed messages to a sharded and a streams adapter.

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "node.hpp"

namespace message_malformed_test {

using namespace nodes;
using golden::Json;

namespace {

const Family& sharded = families.at(1);
const Family& streams = families.at(2);

struct Receiver {
  explicit Receiver(const Family& family) : fleet(family, 1), socket(fleet[0].host.shard().add("abc", {"room1"})) {}

  [[nodiscard]] std::string channel() const {
    // The second subscription is the response channel.
    return fleet.redis.commands.at(1).substr(fleet.redis.commands.at(1).find(' ') + 1);
  }
  void hear(const std::string& at, Bytes payload) {
    fleet.redis.publish(fleet.family.kind, at, payload);
    fleet.time.settle();
  }
  /// Checks that broadcasts still arrive, and that requests get responses.
  void check_alive() {
    const std::size_t before = socket.received.size();
    const std::size_t said = fleet.redis.published.size();
    const Buffer event =
        packed(R"({"type":3,"data":{"packet":{"type":2,"data":["e",1]},"opts":{"rooms":[],"except":[],"flags":{}}},)"
               R"("uid":"0011223344556677","nsp":"/"})");
    const Buffer question =
        packed(R"({"type":7,"data":{"opts":{"rooms":[],"except":[],"flags":{}},"requestId":"8899aabbccddeeff"},)"
               R"("uid":"0011223344556677","nsp":"/"})");
    hear(fleet.family.request_channel, event.bytes());
    CHECK(socket.received.size() == before + 1);
    hear(fleet.family.request_channel, question.bytes());
    REQUIRE(fleet.redis.published.size() == said + 3);
    CHECK(fleet.redis.published.back().channel == "socket.io#/#0011223344556677#");
  }

  Fleet fleet;
  FakeSocket& socket;
};

/// Malformed, but harmless: types that other servers may know, members that may be absent.
const std::set<std::string> ignored = {"sharded-main/type-0", "sharded-main/type-14"};
const std::set<std::string> delivered = {"sharded-main/uid-missing", "sharded-main/broadcast-request-id-null"};
const std::set<std::string> ignored_entries = {
    "stream-entry/no-fields",
    "stream-entry/nsp-missing",
    "stream-entry/nsp-unknown",
    "stream-entry/type-missing",
    "stream-entry/type-not-a-number",
    "stream-entry/heartbeat-of-older-version",
    "stream-entry/initial-heartbeat-of-older-version",
    "stream-entry/adapter-close-of-older-version",
};
const std::set<std::string> delivered_entries = {"stream-entry/type-with-suffix", "stream-entry/uid-missing",
                                                 "stream-entry/extra-field"};

/// True for a response without a request: the adapter does not read the rest of it.
bool answers_nobody(const std::string& name) {
  return name.find("fetch-response-") != std::string::npos || name.find("client-count-string") != std::string::npos;
}

}  // namespace

TEST_CASE("message nodes: a malformed message costs one counter, and the next one is handled as ever") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("malformed")) {
    const std::string target = vector.at("target");
    if (target != "sharded-main" && target != "sharded-response") {
      continue;
    }
    for (const Family* const family : {&sharded, &streams}) {
      const std::string name = vector.at("name");
      CAPTURE(name);
      CAPTURE(family->name);
      ++count;
      Receiver server(*family);
      server.hear(target == "sharded-main" ? family->request_channel : server.channel(), golden::payload(vector));
      const auto counters = server.fleet[0].adapter->counters();
      const bool is_delivered = delivered.contains(name);
      CHECK(counters.foreign_answers == (answers_nobody(name) ? 1 : 0));
      CHECK(counters.malformed == (ignored.contains(name) || is_delivered || answers_nobody(name) ? 0 : 1));
      CHECK(server.socket.received.size() == (is_delivered ? 1 : 0));
      CHECK(server.fleet[0].host.events.empty());
      CHECK(server.fleet.redis.published.size() == 1);
      server.check_alive();
    }
  }
  CHECK(count == 168);
}

TEST_CASE("streams nodes: a malformed entry costs one counter, and the next one is handled as ever") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("malformed")) {
    if (vector.at("target") != "stream-entry") {
      continue;
    }
    const std::string name = vector.at("name");
    CAPTURE(name);
    ++count;
    Receiver server(streams);
    std::vector<std::string> texts{"XADD", "socket.io", "*"};
    for (const auto& [field, value] : vector.at("fields").items()) {
      texts.push_back(field);
      texts.push_back(value.get<std::string>());
    }
    const std::vector<std::string_view> words(texts.begin(), texts.end());
    FakeBus other(server.fleet.redis);
    other.command(words, [](const auto&) {});
    server.fleet.time.settle();
    const auto counters = server.fleet[0].adapter->counters();
    const bool is_delivered = delivered_entries.contains(name);
    CHECK(counters.malformed == (ignored_entries.contains(name) || is_delivered ? 0 : 1));
    CHECK(server.socket.received.size() == (is_delivered ? 1 : 0));
    CHECK(server.fleet.redis.published.size() == 1);
    server.check_alive();
  }
  CHECK(count == 20);
}

}  // namespace message_malformed_test
