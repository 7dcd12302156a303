#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <socketio/common/error.hpp>

#include "recorder.hpp"
#include "support/golden.hpp"

namespace operator_test {

using socketio::Error;
using socketio::ErrorCode;
using socketio::Room;

namespace {

template <typename Act>
ErrorCode code_of(const Act& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("nothing was thrown");
  return ErrorCode::closed;
}

}  // namespace

TEST_CASE("operator: a room named twice counts once, and the first place is kept") {
  Recorder recorder;
  recorder.io().to("a").to({"b", "a"}).in("b").emit("e");
  CHECK(golden::to_notation(recorder.payload)[2]["rooms"] == golden::Json{"a", "b"});
  CHECK(recorder.channel == "socket.io#/#");
}

TEST_CASE("operator: an empty list of rooms selects nobody, until a room is added") {
  Recorder recorder;
  const std::vector<Room> none;
  CHECK(recorder.io().to(none).target().nobody);
  CHECK(recorder.io().in(none).except("a").volatile_().target().nobody);
  CHECK_FALSE(recorder.io().target().nobody);
  CHECK_FALSE(recorder.io().except(none).target().nobody);
  CHECK_FALSE(recorder.io().to(none).to("a").target().nobody);
  CHECK_FALSE(recorder.io().to("a").to(none).target().nobody);
}

TEST_CASE("operator: a namespace with a comma, which no client can join, is refused") {
  Recorder recorder;
  CHECK(code_of([&] { (void)recorder.io().of("/acme, inc."); }) == ErrorCode::bad_option);
}

TEST_CASE("operator: two namings of one room leave one room, which chooses the channel") {
  Recorder recorder;
  recorder.io().to("a").to("a").emit("e");
  CHECK(recorder.channel == "socket.io#/#a#");
}

TEST_CASE("operator: thousands of rooms are made unique, too") {
  Recorder recorder;
  std::vector<Room> rooms;
  for (int i = 0; i < 10'000; ++i) {
    rooms.emplace_back("room" + std::to_string(i % 5'000));
  }
  recorder.io().to(rooms).emit("e");
  CHECK(golden::to_notation(recorder.payload)[2]["rooms"].size() == 5'000);
}

TEST_CASE("operator: the number 42 and the text 42 are two rooms") {
  Recorder recorder;
  recorder.io().to("42").to(Room::number(42)).emit("e");
  CHECK(golden::to_notation(recorder.payload)[2]["rooms"] == golden::Json{"42", 42});
}

TEST_CASE("operator: what is added to a kept operator does not change it") {
  Recorder recorder;
  const auto kitchen = recorder.io().to("kitchen");
  kitchen.except("cook").volatile_().emit("e");
  kitchen.emit("e");
  const auto options = golden::to_notation(recorder.payload)[2];
  CHECK(options["rooms"] == golden::Json{"kitchen"});
  CHECK(options["except"].empty());
  CHECK(options["flags"].empty());
}

TEST_CASE("operator: another namespace starts with nothing chosen, and gets its slash") {
  Recorder recorder;
  recorder.io().of("chat").of("admin").emit("e");
  CHECK(recorder.channel == "socket.io#/admin#");
  recorder.io("/chat").of("").emit("e");
  CHECK(recorder.channel == "socket.io#/#");
}

TEST_CASE("operator: the reserved names of client events are refused, and nothing is published") {
  Recorder recorder;
  for (const char* name : {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    CAPTURE(name);
    CHECK(code_of([&] { recorder.io().emit(name, 1); }) == ErrorCode::reserved_event);
  }
  CHECK(recorder.count == 0);
  recorder.io().emit("connection");
  recorder.io().emit("error");
  CHECK(recorder.count == 2);
}

TEST_CASE("operator: server-side events that would end or confuse a JavaScript node are refused") {
  Recorder recorder;
  for (const char* name : {"connect", "connection", "new_namespace", "error"}) {
    CAPTURE(name);
    CHECK(code_of([&] { recorder.io().server_side_emit(name, 1); }) == ErrorCode::reserved_event);
  }
  CHECK(recorder.count == 0);
}

TEST_CASE("operator: packed data that is not an event is refused") {
  Recorder recorder;
  const auto refuse = [&](std::vector<std::uint8_t> data) { return code_of([&] { recorder.io().emit_packed(data); }); };
  CHECK(refuse({}) == ErrorCode::bad_arguments);                       // nothing
  CHECK(refuse({0xc0}) == ErrorCode::bad_arguments);                   // nil
  CHECK(refuse({0x90}) == ErrorCode::bad_arguments);                   // no name
  CHECK(refuse({0x91, 0xc0}) == ErrorCode::bad_arguments);             // a name that is nil
  CHECK(refuse({0x92, 0xa1, 'e'}) == ErrorCode::bad_arguments);        // an argument is missing
  CHECK(refuse({0x91, 0xa1, 'e', 0x01}) == ErrorCode::bad_arguments);  // one too many
  CHECK(refuse({0x92, 0xa1, 'e', 0xc1}) == ErrorCode::bad_arguments);  // a byte that means nothing
  std::vector<std::uint8_t> deep{0x92, 0xa1, 'e'};
  deep.insert(deep.end(), 600, 0x91);
  deep.push_back(0xc0);
  CHECK(refuse(deep) == ErrorCode::bad_arguments);
  CHECK(recorder.count == 0);
}

TEST_CASE("operator: names must be UTF-8") {
  Recorder recorder;
  const std::string bad = "caf\xe9";
  CHECK(code_of([&] { recorder.io().to(bad).emit("e"); }) == ErrorCode::bad_utf8);
  CHECK(code_of([&] { recorder.io().except(bad).emit("e"); }) == ErrorCode::bad_utf8);
  CHECK(code_of([&] { recorder.io().of(bad).emit("e"); }) == ErrorCode::bad_utf8);
  CHECK(code_of([&] { recorder.io().emit(bad); }) == ErrorCode::bad_utf8);
  CHECK(code_of([&] { recorder.io().sockets_join(bad); }) == ErrorCode::bad_utf8);
  CHECK(code_of([&] { Recorder other(bad); }) == ErrorCode::bad_utf8);
  CHECK(recorder.count == 0);
}

TEST_CASE("operator: a message above the limit is refused with its size") {
  socketio::Encoder encoder("socket.io", 1'000);
  socketio::Buffer data;
  socketio::arguments::pack_event(data, "e", std::string(1'000, 'x'));
  CHECK(code_of([&] { encoder.encode(socketio::Operation::emit(socketio::Target{}, data.bytes())); }) == ErrorCode::too_large);
}

}  // namespace operator_test
