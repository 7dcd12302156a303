#include <array>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/selector.hpp>

#include "classic_fixture.hpp"

namespace selector_test {

using namespace socketio;
using selector::OptionsOrder;

namespace {

selector::View read(Bytes input) {
  Cursor cursor(input);
  selector::View view;
  REQUIRE(selector::read(cursor, view));
  CHECK(cursor.at_end());
  return view;
}

Errc refusal(Bytes input) {
  Cursor cursor(input);
  selector::View view;
  REQUIRE_FALSE(selector::read(cursor, view));
  return cursor.error().code;
}

}  // namespace

TEST_CASE("flags: setting one again changes its value and keeps its place") {
  Flags flags;
  flags.set_volatile().set_compress(true).set_timeout_ms(5).set_compress(false);
  REQUIRE(flags.size() == 3);
  CHECK(flags.at(0) == Flag::is_volatile);
  CHECK(flags.at(1) == Flag::compress);
  CHECK(flags.at(2) == Flag::timeout);
  CHECK(flags.compress() == false);
  CHECK(flags.timeout_ms() == 5);
  CHECK(flags.is_volatile());
}

TEST_CASE("flags: what was not set is absent, not false") {
  const Flags flags;
  CHECK(flags.empty());
  CHECK_FALSE(flags.compress().has_value());
  CHECK_FALSE(flags.timeout_ms().has_value());
  CHECK_FALSE(flags.is_volatile());
  CHECK_FALSE(Flags().set_volatile(false).is_volatile());
  CHECK(Flags().set_volatile(false).has(Flag::is_volatile));
}

TEST_CASE("flags: two sets are the same when values and order are") {
  CHECK(Flags().set_volatile().set_compress(true) == Flags().set_volatile().set_compress(true));
  CHECK_FALSE(Flags().set_volatile().set_compress(true) == Flags().set_compress(true).set_volatile());
}

TEST_CASE("selector: what is written is read again") {
  const std::vector<Room> rooms = {"room1", Room::number(1.5), "", std::string(300, 'r')};
  const std::vector<Room> except = {Room::number(-7)};
  const Flags flags = Flags()
                          .set_timeout_ms(100000)
                          .set(Flag::json, true)
                          .set_compress(false)
                          .set_volatile()
                          .set_expect_single_response()
                          .set(Flag::broadcast, true);
  for (const OptionsOrder order : {OptionsOrder::adapter, OptionsOrder::emitter, OptionsOrder::legacy_emitter}) {
    Buffer out;
    selector::append_packed(out, {rooms, except, flags}, order);

    const selector::View view = read(out.bytes());

    CHECK(fixture::names(view.rooms) == std::vector<std::string>{"room1", "1.5", "", std::string(300, 'r')});
    CHECK(view.except.size() == (order == OptionsOrder::legacy_emitter ? 0 : 1));
    CHECK(view.flags == flags);
  }
}

TEST_CASE("selector: JSON strings are escaped and numeric rooms stay numbers") {
  const std::vector<Room> rooms = {"\"\\\n\x01", Room::number(42), Room::number(1e21)};
  Buffer out;
  selector::append_json(out, {rooms, {}, {}});
  CHECK(out.text() == R"({"rooms":["\"\\\n\u0001",42,1e+21],"except":[]})");
}

TEST_CASE("selector: numeric rooms are read in JavaScript's text form, whatever their width") {
  // rooms: 42 as uint64, 1e21, 0.1, -7 as int64, 42 as float32, NaN
  const auto options = fixture::bytes(
      "81 a5726f6f6d73 96 cf000000000000002a cb444b1ae4d6e2ef50 cb3fb999999999999a"
      "d3fffffffffffffff9 ca42280000 cb7ff8000000000000");
  const auto view = read(options);
  CHECK(fixture::names(view.rooms) == std::vector<std::string>{"42", "1e+21", "0.1", "-7", "42", "NaN"});
}

TEST_CASE("selector: binary that is UTF-8 names a room, and bad UTF-8 is repaired") {
  const auto options = fixture::bytes("81 a5726f6f6d73 92 c40161 a361ff62");
  const auto view = read(options);
  CHECK(fixture::names(view.rooms) == std::vector<std::string>{"a",
                                                               "a\xef\xbf\xbd"
                                                               "b"});
}

TEST_CASE("selector: a list of something that names no room selects nobody, instead of everybody") {
  for (const auto* element : {"c0", "c3", "9161", "8161c0", "c401ff", "d40000"}) {
    CAPTURE(element);
    const auto options = fixture::bytes(std::string("81 a5726f6f6d73 91") + element);
    const auto view = read(options);
    CHECK(fixture::names(view.rooms) == std::vector<std::string>{std::string(RoomList::nobody)});
  }
}

TEST_CASE("selector: absent, nil and undefined lists are empty") {
  for (const auto* options : {"80", "81 a5726f6f6d73 c0", "81 a6657863657074 c0", "81 a5726f6f6d73 d40000"}) {
    CAPTURE(options);
    const auto view = read(fixture::bytes(options));
    CHECK(view.rooms.empty());
    CHECK(view.except.empty());
  }
}

TEST_CASE("selector: of repeated members the last one counts") {
  const auto options = fixture::bytes(
      "84 a5726f6f6d73 91a161 a5726f6f6d73 91a162 a5666c616773 81a8766f6c6174696c65c3"
      "a5666c616773 80");
  const auto view = read(options);
  CHECK(fixture::names(view.rooms) == std::vector<std::string>{"b"});
  CHECK(view.flags.empty());
}

TEST_CASE("selector: unknown members, unknown flags and flags that are no map are skipped") {
  CHECK(read(fixture::bytes("82 a178 9101 a5666c616773 a178")).flags.empty());
  CHECK(read(fixture::bytes("81 a5666c616773 93c0c0c0")).flags.empty());
  CHECK(read(fixture::bytes("81 a5666c616773 83 a178 8101c0 01c3 a8766f6c6174696c65c3")).flags == Flags().set_volatile());
}

TEST_CASE("selector: flags are taken as a JavaScript if would take them") {
  const auto volatile_of = [](const char* value) {
    return read(fixture::bytes(std::string("81 a5666c616773 81 a8766f6c6174696c65") + value)).flags.is_volatile();
  };
  for (const auto* value : {"c3", "01", "a178", "90", "cb3fe0000000000000"}) {
    CAPTURE(value);
    CHECK(volatile_of(value));
  }
  for (const auto* value : {"c2", "00", "a0", "c0", "d40000", "cb7ff8000000000000", "cb0000000000000000"}) {
    CAPTURE(value);
    CHECK_FALSE(volatile_of(value));
  }
}

TEST_CASE("selector: a timeout that is no usable number is as good as none") {
  const auto timeout_of = [](const char* value) {
    return read(fixture::bytes(std::string("81 a5666c616773 81 a774696d656f7574") + value)).flags.timeout_ms();
  };
  CHECK(timeout_of("cd03e8") == 1000);
  CHECK(timeout_of("cb408f400000000000") == 1000);
  CHECK(timeout_of("cfffffffffffffffff") == 0xffffffff);
  CHECK_FALSE(timeout_of("ff").has_value());
  CHECK_FALSE(timeout_of("cb7ff8000000000000").has_value());
  CHECK_FALSE(timeout_of("a131").has_value());
  CHECK_FALSE(timeout_of("c0").has_value());
}

TEST_CASE("selector: every prefix of a good map is refused as truncated") {
  const std::vector<Room> rooms = {"room1", Room::number(1.5)};
  Buffer whole;
  selector::append_packed(whole, {rooms, rooms, Flags().set_timeout_ms(1000).set_volatile()}, OptionsOrder::adapter);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(refusal(whole.bytes().first(size)) == Errc::truncated);
  }
}

TEST_CASE("selector: each kind of damage has its code") {
  CHECK(refusal(fixture::bytes("a178")) == Errc::wrong_type);
  CHECK(refusal(fixture::bytes("81 a5726f6f6d73 a5726f6f6d31")) == Errc::wrong_type);
  CHECK(refusal(fixture::bytes("81 a5726f6f6d73 8101c0")) == Errc::wrong_type);
  CHECK(refusal(fixture::bytes("81 a6657863657074 05")) == Errc::wrong_type);
  CHECK(refusal(fixture::bytes("81 90 01")) == Errc::wrong_type);
  CHECK(refusal(fixture::bytes("81 a178 c1")) == Errc::bad_syntax);
  CHECK(refusal(fixture::bytes("81 a178 ddffffffff")) == Errc::truncated);
  Buffer deep;
  pack::map_header(deep, 1);
  pack::text(deep, "x");
  for (std::size_t i = 0; i <= limits::depth_max; ++i) {
    pack::array_header(deep, 1);
  }
  pack::nil(deep);
  CHECK(refusal(deep.bytes()) == Errc::too_deep);
  Buffer large;
  pack::map_header(large, 1);
  pack::text(large, "rooms");
  pack::array_header(large, static_cast<std::uint32_t>(limits::rooms_max + 1));
  for (std::size_t i = 0; i <= limits::rooms_max; ++i) {
    pack::nil(large);
  }
  CHECK(refusal(large.bytes()) == Errc::too_large);
}

}  // namespace selector_test
