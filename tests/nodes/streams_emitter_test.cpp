// Entries as `@socket.io/redis-streams-emitter` writes them: every operation goes to the stream, server-side events too, which
// servers themselves send by pub/sub. The fields, their order and the members of `data` are those of its releases 0.1.0 and
// 0.1.1; `data` is JSON, or msgpack in base64 where it holds something binary.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "node.hpp"

namespace streams_emitter_test {

using namespace nodes;

namespace {

/// A streams server, with sockets in and outside of a room, and the emitter.
struct Scene {
  Scene() : bus(std::make_shared<FakeBus>(redis)), emitter(redis), host(time, "/", 1) {
    adapter = socketio::streams_adapter(bus)(host);
    inside = &host.shard().add("inside", {"room"});
    outside = &host.shard().add("outside");
  }
  void add(std::string_view type, std::string_view data, std::string_view nsp = "/") {
    const std::vector<std::string_view> words{"XADD",    "socket.io", "MAXLEN", "~",    "10000", "*",    "uid",
                                              "emitter", "nsp",       nsp,      "type", type,    "data", data};
    emitter.command(words, [](const socketio::redis::CommandResult&) {});
    time.advance(1);
  }

  FakeTime time;
  FakeRedis redis{time};
  std::shared_ptr<FakeBus> bus;
  FakeBus emitter;
  FakeHost host;
  std::unique_ptr<Adapter> adapter;
  FakeSocket* inside;
  FakeSocket* outside;
};

}  // namespace

TEST_CASE("streams emitter: an event goes to rooms, without exceptions, and to its namespace alone") {
  Scene scene;
  scene.add("3", R"({"packet":{"type":2,"data":["e",1],"nsp":"/"},"opts":{"rooms":["room"],"flags":{},"except":[]}})");
  scene.add("3",
            R"({"packet":{"type":2,"data":["f"],"nsp":"/"},"opts":{"rooms":[],"flags":{"volatile":true},"except":["room"]}})");
  scene.add("3", R"({"packet":{"type":2,"data":["g"],"nsp":"/x"},"opts":{"rooms":[],"flags":{},"except":[]}})", "/x");
  REQUIRE(scene.inside->received.size() == 1);
  CHECK(scene.inside->received[0][0] == R"(2["e",1])");
  REQUIRE(scene.outside->received.size() == 1);
  CHECK(scene.outside->received[0][0] == R"(2["f"])");
  CHECK(scene.adapter->counters().malformed == 0);
}

TEST_CASE("streams emitter: an event with something binary") {
  Scene scene;
  // {packet: {type: 2, data: ["e", <01 02>], nsp: "/"}, opts: {rooms: [], flags: {}, except: []}}
  scene.add("3", "gqZwYWNrZXSDpHR5cGUCpGRhdGGSoWXEAgECo25zcKEvpG9wdHODpXJvb21zkKVmbGFnc4CmZXhjZXB0kA==");
  REQUIRE(scene.inside->received.size() == 1);
  CHECK(scene.inside->received[0].at(0) == R"(51-["e",{"_placeholder":true,"num":0}])");
  CHECK(scene.inside->received[0].at(1) == golden::Json{{"$bin", "0102"}});
}

TEST_CASE("streams emitter: sockets join, leave and are disconnected") {
  Scene scene;
  scene.add("4", R"({"opts":{"rooms":["room"],"except":[],"flags":{}},"rooms":["other","third"]})");
  CHECK(scene.host.shard().has_room("other"));
  CHECK(scene.host.shard().has_room("third"));
  scene.add("5", R"({"opts":{"rooms":[],"except":["nobody"],"flags":{}},"rooms":["other"]})");
  CHECK_FALSE(scene.host.shard().has_room("other"));
  scene.add("6", R"({"opts":{"rooms":["third"],"except":[],"flags":{}},"close":true})");
  CHECK(scene.inside->disconnected);
  CHECK(scene.inside->closed);
  CHECK_FALSE(scene.outside->disconnected);
  CHECK(scene.adapter->counters().malformed == 0);
}

TEST_CASE("streams emitter: a server-side event reaches the server's handlers, and nobody waits for an answer") {
  Scene scene;
  scene.add("9", R"({"packet":["hello",{"a":1},"ä"]})");
  CHECK(scene.host.events == std::vector<std::string>{R"(["hello",{"a":1},"ä"])"});
  CHECK(scene.host.open_questions.empty());
  CHECK(scene.adapter->counters().malformed == 0);
}

}  // namespace streams_emitter_test
