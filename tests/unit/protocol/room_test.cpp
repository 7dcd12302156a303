#include <socketio/protocol/room.hpp>

#include <cmath>
#include <limits>
#include <type_traits>

#include <doctest/doctest.h>

#include <socketio/common/error.hpp>

namespace room_test {

using socketio::Room;

TEST_CASE("room: 42 and \"42\" are two rooms") {
  CHECK(Room("42") == Room(std::string("42")));
  CHECK_FALSE(Room("42") == Room::number(42));
  CHECK(Room::number(42).is_number());
  CHECK(Room::number(42).value() == 42);
  static_assert(!std::is_constructible_v<Room, int>);
}

TEST_CASE("room: a number has the name that JavaScript gives it") {
  CHECK(Room::number(42).name() == "42");
  CHECK(Room::number(1.5).name() == "1.5");
  CHECK(Room::number(-7).name() == "-7");
  CHECK(Room::number(1e21).name() == "1e+21");
  CHECK(Room::number(-0.0).name() == "0");
  CHECK_FALSE(std::signbit(Room::number(-0.0).value()));
}

TEST_CASE("room: not a number is refused") {
  CHECK_THROWS_AS(Room::number(std::nan("")), socketio::Error);
  CHECK_THROWS_AS(Room::number(std::numeric_limits<double>::infinity()), socketio::Error);
}

}  // namespace room_test
