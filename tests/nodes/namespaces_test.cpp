// Namespaces of one fleet, and of one server: none receives messages for another.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "each_family.hpp"

namespace namespaces_test {

using namespace nodes;
using golden::Json;

namespace {

const std::vector<Json> one_event{Json::array({"2[\"e\",1]"})};

}  // namespace

TEST_CASE("nodes: the room b of the namespace /a and the namespace /a#b have one channel, and are not mixed up") {
  with_each_family([](const Family& family) {
    Fleet fleet(family);
    Node& sender = fleet.add("/a");
    Node& with_room = fleet.add("/a");
    // In the sharded family a room's channel can have the same name as a namespace's; a connection subscribes to each name
    // once.
    const bool names_differ = family.kind == SubscriptionKind::channel;
    Node& with_hash = fleet.add("/a#b", 1, names_differ ? with_room.bus : nullptr);
    Node& hash_sender = fleet.add("/a#b");
    FakeSocket& in_room = with_room.host.shard().add("x", {"b"});
    FakeSocket& in_hash = with_hash.host.shard().add("y");

    const std::vector<Room> b{Room("b")};
    sender.adapter->apply(Operation::emit({.rooms = b}, packed(R"(["e",1])").bytes()));
    fleet.time.settle();
    CHECK(in_room.received == one_event);
    CHECK(in_hash.received.empty());

    hash_sender.adapter->apply(Operation::emit({}, packed(R"(["e",2])").bytes()));
    fleet.time.settle();
    CHECK(in_room.received == one_event);
    CHECK(in_hash.received == std::vector<Json>{Json::array({"2[\"e\",2]"})});
    CHECK(with_room.adapter->counters().malformed == 0);
    CHECK(with_hash.adapter->counters().malformed == 0);
  });
}

TEST_CASE("nodes: requests of a namespace whose name begins like another's are not that one's") {
  with_each_family([](const Family& family) {
    Fleet fleet(family);
    Node& root = fleet.add("/");
    Node& longer = fleet.add("/#x", 1, root.bus);
    Node& asker = fleet.add("/#x");
    FakeSocket& in_root = root.host.shard().add("x");
    FakeSocket& in_longer = longer.host.shard().add("y");
    asker.adapter->apply(Operation::disconnect({}, false));
    asker.adapter->apply(Operation::server_side({}, packed(R"(["ev"])").bytes()));
    fleet.time.settle();
    CHECK_FALSE(in_root.disconnected);
    CHECK(in_longer.disconnected);
    CHECK(root.host.events.empty());
    CHECK(longer.host.events.size() == 1);
  });
}

TEST_CASE("nodes: what a server said itself comes back and is not done again") {
  with_each_family([](const Family& family) {
    Fleet fleet(family, 2);
    FakeSocket& here = fleet[0].host.shard().add("here", {"r"});
    FakeSocket& there = fleet[1].host.shard().add("there", {"r"});
    const std::vector<Room> r{Room("r")};
    const std::vector<Room> joined{Room("j")};
    Ending<AckSummary> acks;
    fleet[0].adapter->apply(Operation::emit({.rooms = r}, packed(R"(["e",1])").bytes()));
    fleet[0].adapter->broadcast_with_ack({.rooms = r, .flags = socketio::Flags().set_timeout_ms(1)}, packed(R"(["q"])").bytes(),
                                         nullptr, acks.callback());
    fleet[0].adapter->apply(Operation::join({.rooms = r}, joined));
    fleet[0].adapter->apply(Operation::server_side({}, packed(R"(["ev"])").bytes()));
    CHECK(fleet[0].host.shard().rooms_of(here).size() == 3);  // at once
    CHECK(fleet[1].host.shard().rooms_of(there).size() == 2);
    fleet.time.advance(100);
    CHECK(here.received == std::vector<Json>{Json::array({"2[\"e\",1]"}), Json::array({"20[\"q\"]"})});
    CHECK(there.received == std::vector<Json>{Json::array({"2[\"e\",1]"}), Json::array({"20[\"q\"]"})});
    CHECK(fleet[0].host.shard().delivery_count == 1);
    CHECK(fleet[1].host.shard().rooms_of(there).size() == 3);
    CHECK(fleet[0].host.events.empty());
    CHECK(fleet[1].host.events.size() == 1);
  });
}

TEST_CASE("nodes: sockets that were made to join a room hear what is said to it right afterwards, on all servers") {
  with_each_family([](const Family& family) {
    Fleet fleet(family, 2);
    FakeSocket& here = fleet[0].host.shard().add("here");
    FakeSocket& there = fleet[1].host.shard().add("there");
    const std::vector<Room> r{Room("r")};
    fleet[0].adapter->apply(Operation::join({}, r));
    fleet[0].adapter->apply(Operation::emit({.rooms = r}, packed(R"(["e",1])").bytes()));
    fleet.time.settle();
    CHECK(here.received == one_event);
    CHECK(there.received == one_event);
  });
}

TEST_CASE("nodes: a broadcast for a room that nobody here is in is dropped by its channel, unread") {
  Fleet fleet(families.front(), 2);
  fleet[1].host.shard().add("s", {"other"});
  fleet.redis.publish(SubscriptionKind::channel, "socket.io#/#r#", socketio::as_bytes("not even msgpack"));
  fleet.time.settle();
  CHECK(fleet[1].adapter->counters().dropped_absent == 1);
  CHECK(fleet[1].adapter->counters().malformed == 0);
}

TEST_CASE("nodes: local operations are said to nobody") {
  with_each_family([](const Family& family) {
    Fleet fleet(family, 2);
    FakeSocket& here = fleet[0].host.shard().add("here");
    FakeSocket& there = fleet[1].host.shard().add("there");
    const std::vector<Room> r{Room("r")};
    fleet[0].adapter->apply(Operation::emit({.local = true}, packed(R"(["e",1])").bytes()));
    fleet[0].adapter->apply(Operation::join({.local = true}, r));
    fleet[0].adapter->apply(Operation::disconnect({.local = true}, false));
    fleet.time.settle();
    CHECK(fleet.redis.published.empty());
    CHECK(here.received == one_event);
    CHECK(here.disconnected);
    CHECK(there.received.empty());
    CHECK_FALSE(there.disconnected);
  });
}

}  // namespace namespaces_test
