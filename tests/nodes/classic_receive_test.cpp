// Delivery of messages to a classic adapter's sockets, and handling of messages from older servers.

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

#include "node.hpp"
#include "unit/protocol/classic_fixture.hpp"

namespace classic_receive_test {

using namespace nodes;
using golden::Json;

namespace {

const Family& classic = families.front();

/// The vector's frames, with hexadecimal attachments.
std::vector<Json> expected_packets(const Json& vector) {
  Json frames = vector.at("to_client");
  for (Json& frame : frames) {
    if (frame.is_object()) {
      Buffer bytes;
      golden::append_packed(bytes, frame);
      frame = {{"$bin", golden::to_hex(bytes.bytes_from(2))}};
    }
  }
  return frames.empty() ? std::vector<Json>{} : std::vector<Json>{frames};
}

/// One server, with the uid that the vectors use.
struct Receiver {
  explicit Receiver(const std::string& uid) : bus(std::make_shared<FakeBus>(redis)), host(time, "/", 1) {
    host.random().give(uid);
    adapter = classic.make(bus)(host);
  }
  void hear(std::string_view channel, Bytes payload) {
    redis.publish(SubscriptionKind::channel, channel, payload);
    time.settle();
  }
  FakeTime time;
  FakeRedis redis{time};
  std::shared_ptr<FakeBus> bus;
  FakeHost host;
  std::unique_ptr<Adapter> adapter;
};

}  // namespace

TEST_CASE("classic nodes: every golden broadcast gives the client what the reference gives it") {
  // Rooms are text here: 42 and "42" are the same. A packet's id is used only by servers that recover sessions, and ignored
  // here.
  const std::set<std::string> others{"numeric-room-string-is-another-room", "packet-with-id"};
  std::size_t count = 0;
  for (const Json& vector : golden::file("classic-receive")) {
    const std::string name = vector.at("name");
    CAPTURE(name);
    ++count;
    Receiver server(vector.at("receiver_uid"));
    FakeSocket& socket = server.host.shard().add(vector.at("receiver_sid"), {"room1", "42"});

    server.hear(vector.at("channel").get<std::string>(), golden::payload(vector));

    if (others.contains(name)) {
      CHECK(socket.received == std::vector<Json>{Json::array({"2[\"e\",1]"})});
    } else {
      CHECK(socket.received == expected_packets(vector));
    }
    CHECK(server.redis.published.size() == 1);
    const auto counters = server.adapter->counters();
    const bool delivered = server.host.shard().delivery_count != 0;
    CHECK(counters.messages == 1);
    CHECK(counters.dropped_own + counters.dropped_absent + counters.dropped_nsp + counters.malformed == (delivered ? 0 : 1));
  }
  CHECK(count == 33);
}

TEST_CASE("classic nodes: what socket.io-redis 6 says is understood, and its questions are answered") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("legacy-adapter")) {
    const std::string name = vector.at("name");
    if (name == "subscriptions") {
      continue;
    }
    CAPTURE(name);
    ++count;
    Receiver server("9pctMb");
    FakeSocket& socket = server.host.shard().add("abc", {"room1"});
    server.hear(vector.at("channel").get<std::string>(), golden::payload(vector));

    std::vector<std::string> answers;
    for (std::size_t index = 1; index < server.redis.published.size(); ++index) {
      CHECK(server.redis.published[index].channel == "socket.io-response#/#");
      answers.emplace_back(server.redis.published[index].text());
    }
    const auto answer = [&](const std::string& rest) {
      const std::string id = Json::parse(vector.at("payload_text").get<std::string>()).at("requestId");
      return std::vector<std::string>{R"({"requestId":")" + id + "\"" + rest + "}"};
    };
    if (name == "sockets") {
      CHECK(answers == answer(R"(,"sockets":["abc"])"));
    } else if (name == "all-rooms") {
      CHECK(answers == answer(R"(,"rooms":["abc","room1"])"));
    } else if (name == "fetch-sockets") {
      CHECK(answers == answer(R"(,"sockets":[{"id":"abc","handshake":{"address":"127.0.0.1","auth":{}},)"
                              R"("rooms":["abc","room1"],"data":{}}])"));
    } else if (name.starts_with("remote-")) {
      CHECK(answers == answer(""));
    } else {
      CHECK(answers.empty());
    }
    CHECK(socket.received.size() == (name.starts_with("broadcast") ? 1 : 0));
    CHECK(socket.closed == (name == "remote-disconnect"));
    CHECK(server.host.shard().rooms_of(socket).size() == (name == "remote-leave" ? 1 : name == "remote-disconnect" ? 0 : 2));
  }
  CHECK(count == 9);
}

TEST_CASE("classic nodes: a broadcast has the same bytes as one of socket.io-redis 6") {
  for (const char* const name : {"broadcast", "broadcast-room"}) {
    const Json& vector = golden::vector("legacy-adapter", name);
    Receiver server(vector.at("uid"));
    const std::vector<Room> rooms = fixture::rooms(vector, "rooms");
    server.adapter->apply(Operation::emit({.rooms = rooms}, fixture::packed(vector.at("args")).bytes()));
    REQUIRE(server.redis.published.size() == 1);
    CHECK(server.redis.published[0].channel == vector.at("channel").get<std::string>());
    CHECK(server.redis.published[0].payload == golden::payload(vector));
  }
}

// ---- malformed -------------------------------------------------------------------------------------------------------------

namespace {

/// Unusual, but accepted; see the codec's test. The list of rooms selects nobody; flags and uid are ignored.
const std::set<std::string> harmless{"classic-broadcast/rooms-nested-array",
                                     "classic-broadcast/flags-string",
                                     "classic-broadcast/uid-map",
                                     "classic-request/json-proto-key",
                                     "classic-request/sockets-without-rooms",
                                     "classic-request/server-side-emit-error-event"};

std::vector<std::uint8_t> with_pending_id(std::vector<std::uint8_t> payload, const std::string& id) {
  std::string text(payload.begin(), payload.end());
  const std::string placeholder = "PENDING";
  for (std::size_t at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at)) {
    text.replace(at, placeholder.size(), id);
  }
  return {text.begin(), text.end()};
}

}  // namespace

TEST_CASE("classic nodes: a malformed message costs one counter, and the next one is handled as ever") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("malformed")) {
    const std::string target = vector.at("target");
    if (target != "classic-broadcast" && target != "classic-request") {
      continue;
    }
    const std::string name = vector.at("name");
    CAPTURE(name);
    ++count;
    Receiver server("9pctMb");
    FakeSocket& socket = server.host.shard().add("abc", {"room1"});
    server.hear(target == "classic-broadcast" ? "socket.io#/#" : "socket.io-request#/#", golden::payload(vector));

    const bool is_harmless = harmless.contains(name);
    CHECK(server.adapter->counters().malformed == (is_harmless ? 0 : 1));
    if (!is_harmless) {
      CHECK(server.redis.published.size() == 1);
      CHECK(socket.received.empty());
      CHECK(server.host.events.empty());
    }

    const std::size_t before = socket.received.size();
    server.hear("socket.io#/#", golden::payload(golden::vector("classic-emitter", "no-rooms")));
    CHECK(socket.received.size() == before + 1);
    server.hear("socket.io-request#/#", golden::payload(golden::vector("legacy-adapter", "all-rooms")));
    CHECK(server.redis.published.back().channel == "socket.io-response#/#");
  }
  CHECK(count == 46 + 57);
}

TEST_CASE("classic nodes: a malformed answer ends no question; the good one after it does") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("malformed")) {
    if (vector.at("target") != "classic-response") {
      continue;
    }
    const std::string name = vector.at("name");
    CAPTURE(name);
    ++count;
    Receiver server("9pctMb");
    server.host.random().give("abc123");
    server.redis.count_lie = 2;
    Ending<FetchedSockets> fetched;
    server.adapter->fetch({}, fetched.callback());
    server.time.settle();

    server.hear("socket.io-response#/#", with_pending_id(golden::payload(vector), "abc123"));
    const auto counters = server.adapter->counters();
    if (name.ends_with("unknown-request")) {
      CHECK(counters.foreign_answers == 1);
    } else if (name.ends_with("fetch-sockets-null-member") || name.ends_with("fetch-sockets-incomplete-member")) {
      CHECK(fetched.count() == 1);  // a list, in which only valid sockets count
      continue;
    } else {
      CHECK(counters.malformed == 1);
    }
    CHECK(fetched.count() == 0);

    server.hear("socket.io-response#/#", socketio::as_bytes(R"({"requestId":"abc123","sockets":[{"id":"s","rooms":[]}]})"));
    REQUIRE(fetched.count() == 1);
    CHECK(fetched->sockets.count == 1);
    CHECK(fetched->servers_missing == 0);
  }
  CHECK(count == 31);
}

}  // namespace classic_receive_test
