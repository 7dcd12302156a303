#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <socketio/common/error.hpp>

#include "recorder.hpp"
#include "support/golden.hpp"

namespace arguments_test {

using golden::Json;
using socketio::Binary;
using socketio::Date;

namespace {

struct PersonAsObject {
  std::string name;
  int age;
  std::vector<std::string> tags;
  MSGPACK_DEFINE_MAP(name, age, tags);
};

struct PersonAsArray {
  std::string name;
  int age;
  MSGPACK_DEFINE(name, age);
};

struct WithSpecials {
  Date when;
  Binary picture;
  socketio::Json extra;
  MSGPACK_DEFINE_MAP(when, picture, extra);
};

struct Broken {
  template <typename Packer>
  void msgpack_pack(Packer& packer) const {
    packer.pack_array(2);
    packer.pack(1);
  }
};

/// Emits while it is packed.
struct Emitting {
  Recorder* recorder;
  template <typename Packer>
  void msgpack_pack(Packer& packer) const {
    recorder->io().emit("inner", 1);
    packer.pack(2);
  }
};

/// What a JavaScript server would decode: the event and its arguments.
template <typename... Args>
Json received(const Args&... args) {
  Recorder recorder;
  recorder.io().emit("e", args...);
  return golden::to_notation(recorder.payload)[1]["data"];
}

}  // namespace

TEST_CASE("arguments: scalars, text and null arrive as they are") {
  CHECK(received() == Json{"e"});
  CHECK(received(true, false, nullptr, -1, 42U, 1.5, "text", std::string("more"), std::string_view("view")) ==
        Json{"e", true, false, nullptr, -1, 42, 1.5, "text", "more", "view"});
  CHECK(received(std::numeric_limits<std::uint64_t>::max())[1]["$num"] == "18446744073709552000");
  CHECK(received(1.0F, 0.5F, 2.0) == Json{"e", 1, 0.5, 2});
}

TEST_CASE("arguments: integral doubles travel as integers, as JavaScript sends them") {
  Recorder recorder;
  recorder.io().emit("e", 3.0);
  const std::string packed(recorder.payload.begin(), recorder.payload.end());
  CHECK(packed.find("\xa1"
                    "e\x03") != std::string::npos);
}

TEST_CASE("arguments: containers, tuples and optionals are arrays, objects, values or null") {
  CHECK(received(std::vector<int>{1, 2, 3}) == Json::array({"e", Json::array({1, 2, 3})}));
  CHECK(received(std::map<std::string, double>{{"a", 0.5}, {"b", 2}})[1] == Json{{"a", 0.5}, {"b", 2}});
  CHECK(received(std::tuple(1, std::string("x")))[1] == Json::array({1, "x"}));
  CHECK(received(std::optional<int>{}, std::optional<int>{7}) == Json{"e", nullptr, 7});
}

TEST_CASE("arguments: MSGPACK_DEFINE_MAP makes an object of a struct, MSGPACK_DEFINE an array") {
  CHECK(received(PersonAsObject{"Ada", 36, {"x"}})[1] == Json{{"name", "Ada"}, {"age", 36}, {"tags", {"x"}}});
  CHECK(received(PersonAsArray{"Ada", 36})[1] == Json::array({"Ada", 36}));
}

TEST_CASE("arguments: binary, dates and JSON text, alone and inside a struct") {
  const std::uint8_t bytes[] = {0x00, 0xff};
  const auto when = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123));
  CHECK(received(Binary(bytes, 2))[1] == Json{{"$bin", "AP8="}});
  CHECK(received(std::vector<unsigned char>{0, 255})[1] == Json{{"$bin", "AP8="}});
  CHECK(received(Date(1'700'000'000'123))[1] == Json{{"$date", 1'700'000'000'123}});
  CHECK(received(when)[1] == Json{{"$date", 1'700'000'000'123}});
  CHECK(received(socketio::Json{R"({"a":[1,{"b":null}]})"})[1] == Json{{"a", {1, {{"b", nullptr}}}}});
  const auto members = received(WithSpecials{Date(when), Binary(bytes, 2), {"[true]"}})[1];
  CHECK(members["when"] == Json{{"$date", 1'700'000'000'123}});
  CHECK(members["picture"] == Json{{"$bin", "AP8="}});
  CHECK(members["extra"] == Json::array({true}));
}

TEST_CASE("arguments: the name of an event may be a number") {
  Recorder recorder;
  recorder.io().emit(42, "x");
  CHECK(golden::to_notation(recorder.payload)[1]["data"] == Json{42, "x"});
}

TEST_CASE("arguments: JSON text that is none is refused with the place, and nothing is published") {
  Recorder recorder;
  try {
    recorder.io().emit("e", socketio::Json{"[1,]"});
    FAIL("nothing was thrown");
  } catch (const socketio::Error& error) {
    CHECK(error.code() == socketio::ErrorCode::bad_json);
    CHECK(std::string(error.what()).find("at byte 3") != std::string::npos);
  }
  CHECK(recorder.count == 0);
}

TEST_CASE("arguments: a type whose adaptor packs too little is refused") {
  Recorder recorder;
  CHECK_THROWS_AS(recorder.io().emit("e", Broken{}), socketio::Error);
  CHECK(recorder.count == 0);
}

TEST_CASE("arguments: an argument that emits while it is packed does not disturb the outer emit") {
  Recorder recorder;
  recorder.io().emit("outer", Emitting{&recorder});
  CHECK(recorder.count == 2);
  CHECK(golden::to_notation(recorder.payload)[1]["data"] == Json{"outer", 2});
}

}  // namespace arguments_test
