// Rooms of sockets, without a server around them.

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <socketio/adapter/room_index.hpp>

namespace room_index_test {

using namespace socketio;
using adapter::Member;
using adapter::RoomIndex;
using adapter::RoomObserver;
using adapter::Selection;

namespace {

struct Socket final : Member {
  explicit Socket(std::string id) : Member(std::move(id)) {}
};

using Names = std::vector<std::string>;

/// The ids that a selection reaches, sorted; one that is reached twice is there twice.
Names selected(RoomIndex& index, const Names& rooms, const Names& except = {}) {
  Names ids;
  const Selection selection{std::span(rooms), std::span(except)};
  index.select(selection, [&ids](Member& member) { ids.push_back(member.id()); });
  std::sort(ids.begin(), ids.end());
  return ids;
}

Names rooms_of(const Member& member) {
  Names names;
  RoomIndex::for_each_room(member, [&names](std::string_view room) { names.emplace_back(room); });
  return names;
}

Names all_rooms(const RoomIndex& index) {
  Names names;
  index.for_each_room([&names](std::string_view room) { names.emplace_back(room); });
  std::sort(names.begin(), names.end());
  return names;
}

struct Notes final : RoomObserver {
  void on_room_created(std::string_view room, bool is_private) override {
    notes.push_back((is_private ? "+private " : "+") + std::string(room));
  }
  void on_room_emptied(std::string_view room) override { notes.push_back("-" + std::string(room)); }
  Names take() { return std::exchange(notes, {}); }
  Names notes;
};

/// Takes out what is left at the end of a test, whatever happened before.
struct Three {
  ~Three() {
    for (Socket* const socket : {&a, &b, &c}) {
      index.remove(*socket);
    }
  }
  Socket a{"a"}, b{"b"}, c{"c"};
  RoomIndex index;
};

}  // namespace

TEST_CASE("room index: a socket is in the room of its own id until it leaves it") {
  Three three;
  RoomIndex& index = three.index;
  REQUIRE(index.add(three.a));
  CHECK(rooms_of(three.a) == Names{"a"});
  CHECK(selected(index, {"a"}) == Names{"a"});
  CHECK(index.has_room("a"));
  CHECK(index.is_in(three.a, "a"));
  CHECK_FALSE(index.join(three.a, "a"));
  CHECK(index.leave(three.a, "a"));
  CHECK_FALSE(index.leave(three.a, "a"));
  CHECK(rooms_of(three.a).empty());
  CHECK_FALSE(index.has_room("a"));
  CHECK(selected(index, {"a"}).empty());
  CHECK(selected(index, {}) == Names{"a"});
  CHECK(index.find("a") == &three.a);
  CHECK(index.join(three.a, "a"));
  CHECK(selected(index, {"a"}) == Names{"a"});
}

TEST_CASE("room index: joining and leaving say whether anything changed") {
  Three three;
  RoomIndex& index = three.index;
  index.add(three.a);
  index.add(three.b);
  CHECK(index.join(three.a, "x"));
  CHECK_FALSE(index.join(three.a, "x"));
  CHECK_FALSE(index.leave(three.b, "x"));
  CHECK_FALSE(index.leave(three.a, "never"));
  CHECK(RoomIndex::room_count(three.a) == 2);
  CHECK(index.leave(three.a, "x"));
  CHECK_FALSE(index.leave(three.a, "x"));
  CHECK(index.named_room_count() == 0);
  CHECK(RoomIndex::room_count(three.a) == 1);
}

TEST_CASE("room index: an id is there once, and a socket that is not there is left alone") {
  Three three;
  Socket double_a("a");
  CHECK(three.index.add(three.a));
  CHECK_FALSE(three.index.add(double_a));
  three.index.remove(double_a);
  three.index.remove(three.b);
  CHECK(three.index.size() == 1);
  CHECK(three.index.find("a") == &three.a);
  CHECK(three.index.contains(three.a));
  CHECK_FALSE(three.index.contains(double_a));
}

TEST_CASE("room index: rooms are a union, exceptions win, and everybody is reached once") {
  Three three;
  RoomIndex& index = three.index;
  for (Socket* const socket : {&three.a, &three.b, &three.c}) {
    index.add(*socket);
  }
  index.join(three.a, "x");
  index.join(three.b, "x");
  index.join(three.b, "y");
  index.join(three.c, "y");
  CHECK(selected(index, {}) == Names{"a", "b", "c"});
  CHECK(selected(index, {"x", "y"}) == Names{"a", "b", "c"});
  CHECK(selected(index, {"x", "x", "b"}) == Names{"a", "b"});
  CHECK(selected(index, {"nobody"}).empty());
  CHECK(selected(index, {}, {"x"}) == Names{"c"});
  CHECK(selected(index, {"x", "y"}, {"b"}) == Names{"a", "c"});
  CHECK(selected(index, {"x"}, {"x"}).empty());
  CHECK(selected(index, {}, {"nobody"}) == Names{"a", "b", "c"});
  CHECK(index.collect({}).size() == 3);
}

TEST_CASE("room index: others may join a room named like the id of a socket") {
  Three three;
  RoomIndex& index = three.index;
  index.add(three.a);
  index.add(three.b);
  index.join(three.b, "a");
  CHECK(selected(index, {"a"}) == Names{"a", "b"});
  CHECK(selected(index, {}, {"a"}).empty());
  CHECK(all_rooms(index) == Names{"a", "b"});
  index.remove(three.a);
  CHECK(index.has_room("a"));
  CHECK(selected(index, {"a"}) == Names{"b"});
  index.add(three.a);
  CHECK(selected(index, {"a"}) == Names{"a", "b"});
}

TEST_CASE("room index: the observer hears when a room begins and ends to have members") {
  Three three;
  Notes notes;
  RoomIndex& index = three.index;
  index.set_observer(&notes);
  index.add(three.a);
  CHECK(notes.take() == Names{"+private a"});
  index.join(three.a, "x");
  index.add(three.b);
  index.join(three.b, "x");
  CHECK(notes.take() == Names{"+x", "+private b"});
  index.join(three.b, "a");  // there already, by the socket of that id
  index.leave(three.a, "a");
  CHECK(notes.take().empty());
  index.leave(three.b, "a");
  CHECK(notes.take() == Names{"-a"});
  index.join(three.b, "a");
  CHECK(notes.take() == Names{"+private a"});
  index.leave(three.a, "x");
  CHECK(notes.take().empty());
  index.remove(three.b);
  CHECK(notes.take() == Names{"-a", "-x", "-b"});
  index.remove(three.a);
  CHECK(notes.take().empty());  // it had left its own room
  index.set_observer(nullptr);
}

TEST_CASE("room index: 100,000 rooms come and go, and leave nothing behind") {
  constexpr int room_count = 100'000;
  Three three;
  RoomIndex& index = three.index;
  for (Socket* const socket : {&three.a, &three.b, &three.c}) {
    index.add(*socket);
  }
  for (int i = 0; i < room_count; ++i) {
    index.join(three.a, std::to_string(i));
    index.join(three.b, std::to_string(i));
  }
  CHECK(index.named_room_count() == room_count);
  CHECK(RoomIndex::room_count(three.a) == room_count + 1);
  CHECK(selected(index, {"99999"}) == Names{"a", "b"});
  index.remove(three.b);
  // One by one in the order of joining: each must be found without walking over all the others.
  for (int i = 0; i < room_count; ++i) {
    index.leave(three.a, std::to_string(i));
  }
  CHECK(index.named_room_count() == 0);
  CHECK(RoomIndex::room_count(three.a) == 1);
  CHECK(all_rooms(index) == Names{"a", "c"});
  CHECK_FALSE(index.has_room("0"));
}

}  // namespace room_index_test
