#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <socketio/protocol/transcode.hpp>

#include "support/golden.hpp"

namespace json_reader_test {

using namespace socketio;
using transcode::JsonReader;

namespace {

/// Takes what comes next and checks that it is refused.
template <typename Take>
DecodeError refusal(std::string_view json, Take take) {
  JsonReader reader(json);
  CHECK_FALSE(take(reader));
  CHECK_FALSE(reader.ok());
  return reader.error();
}

}  // namespace

TEST_CASE("json reader: an object is taken apart member by member") {
  JsonReader reader(R"( {"rooms" : ["a", "b\n"], "n":-1.5e1,"on":true, "off": false,"none":null,"args":[{"x":[1]},"y"]} )");
  std::vector<std::string> keys;
  std::vector<std::string> rooms;
  Buffer key;
  Buffer args;
  double number = 0;
  bool on = false;
  bool off = true;
  REQUIRE(reader.begin_object());
  while (reader.next_member(key)) {
    keys.emplace_back(key.text());
    if (key.text() == "rooms") {
      REQUIRE(reader.begin_array());
      while (reader.next_element()) {
        Buffer room;
        REQUIRE(reader.text(room));
        rooms.emplace_back(room.text());
      }
    } else if (key.text() == "n") {
      REQUIRE(reader.number(number));
    } else if (key.text() == "on") {
      REQUIRE(reader.boolean(on));
    } else if (key.text() == "off") {
      REQUIRE(reader.boolean(off));
    } else if (key.text() == "none") {
      REQUIRE(reader.null());
    } else {
      REQUIRE(reader.value(args));
    }
  }
  REQUIRE(reader.ok());
  REQUIRE(reader.finish());
  CHECK(keys == std::vector<std::string>{"rooms", "n", "on", "off", "none", "args"});
  CHECK(rooms == std::vector<std::string>{"a", "b\n"});
  CHECK(number == -15);
  CHECK(on);
  CHECK_FALSE(off);
  CHECK(golden::to_hex(args.bytes()) == "9281a1789101a179");
}

TEST_CASE("json reader: empty containers, one in the other") {
  JsonReader reader("[[],{},[[]]]");
  Buffer key;
  REQUIRE(reader.begin_array());
  REQUIRE(reader.next_element());
  REQUIRE(reader.begin_array());
  CHECK_FALSE(reader.next_element());
  REQUIRE(reader.next_element());
  REQUIRE(reader.begin_object());
  CHECK_FALSE(reader.next_member(key));
  REQUIRE(reader.next_element());
  REQUIRE(reader.begin_array());
  REQUIRE(reader.next_element());
  REQUIRE(reader.begin_array());
  CHECK_FALSE(reader.next_element());
  CHECK_FALSE(reader.next_element());
  CHECK_FALSE(reader.next_element());
  CHECK(reader.ok());
  CHECK(reader.finish());
}

TEST_CASE("json reader: peeking tells the kind and takes nothing") {
  const std::map<std::string, Kind> table = {{" \"a\"", Kind::text},   {"-1", Kind::real}, {" 0", Kind::real},
                                             {"[", Kind::array},       {"{", Kind::map},   {"true", Kind::boolean},
                                             {"false", Kind::boolean}, {"null", Kind::nil}};
  for (const auto& row : table) {
    const auto& json = row.first;
    const auto& expected = row.second;
    CAPTURE(json);
    JsonReader reader(json);
    Kind kind{};
    CHECK(reader.peek(kind));
    CHECK(reader.peek(kind));
    CHECK(kind == expected);
  }
  Kind kind{};
  CHECK(refusal(" ", [&](JsonReader& reader) { return reader.peek(kind); }).code == Errc::truncated);
  CHECK(refusal("]", [&](JsonReader& reader) { return reader.peek(kind); }).code == Errc::bad_syntax);
}

TEST_CASE("json reader: taking something else than what comes is the wrong type, at its first byte") {
  double number = 0;
  bool boolean = false;
  Buffer out;
  const std::vector<DecodeError> errors = {
      refusal(" 1", [&](JsonReader& reader) { return reader.text(out); }),
      refusal(" \"1\"", [&](JsonReader& reader) { return reader.number(number); }),
      refusal(" null", [&](JsonReader& reader) { return reader.boolean(boolean); }),
      refusal(" false", [&](JsonReader& reader) { return reader.null(); }),
      refusal(" {}", [&](JsonReader& reader) { return reader.begin_array(); }),
      refusal(" []", [&](JsonReader& reader) { return reader.begin_object(); }),
  };
  for (const DecodeError& error : errors) {
    CHECK(error.code == Errc::wrong_type);
    CHECK(error.offset_bytes == 1);
  }
}

TEST_CASE("json reader: a number keeps the sign of zero") {
  JsonReader reader("-0");
  double number = 1;
  REQUIRE(reader.number(number));
  CHECK(std::signbit(number));
}

TEST_CASE("json reader: the key is replaced, not appended to") {
  JsonReader reader(R"({"first":1,"b":2})");
  Buffer key;
  Buffer out;
  REQUIRE(reader.begin_object());
  REQUIRE(reader.next_member(key));
  REQUIRE(reader.value(out));
  REQUIRE(reader.next_member(key));
  CHECK(key.text() == "b");
}

TEST_CASE("json reader: broken structure is refused where it breaks") {
  Buffer key;
  Buffer out;
  const auto walk_array = [&](JsonReader& reader) {
    for (bool more = reader.begin_array(); more && reader.next_element(); more = reader.value(out)) {
    }
    return reader.ok() && reader.finish();
  };
  const auto walk_object = [&](JsonReader& reader) {
    for (bool more = reader.begin_object(); more && reader.next_member(key); more = reader.value(out)) {
    }
    return reader.ok() && reader.finish();
  };
  CHECK(refusal("[1,]", walk_array).offset_bytes == 3);
  CHECK(refusal("[1 2]", walk_array).offset_bytes == 3);
  CHECK(refusal("[,1]", walk_array).offset_bytes == 1);
  CHECK(refusal("[1", walk_array).code == Errc::truncated);
  CHECK(refusal("[", walk_array).code == Errc::truncated);
  CHECK(refusal("[] x", walk_array).code == Errc::trailing_bytes);
  CHECK(refusal("{\"a\":1,}", walk_object).offset_bytes == 7);
  CHECK(refusal("{\"a\" 1}", walk_object).offset_bytes == 5);
  CHECK(refusal("{\"a\":1 \"b\":2}", walk_object).offset_bytes == 7);
  CHECK(refusal("{a:1}", walk_object).offset_bytes == 1);
  CHECK(refusal("{\"a\":1", walk_object).code == Errc::truncated);
  CHECK(refusal("{\"a", walk_object).code == Errc::truncated);
}

TEST_CASE("json reader: containers opened by hand count against the depth of values in them") {
  const transcode::JsonOptions options{.depth_max = 2};
  JsonReader fits("[[1]]", options);
  Buffer out;
  REQUIRE(fits.begin_array());
  REQUIRE(fits.next_element());
  CHECK(fits.value(out));
  JsonReader too_deep("[[[]]]", options);
  REQUIRE(too_deep.begin_array());
  REQUIRE(too_deep.next_element());
  CHECK_FALSE(too_deep.value(out));
  CHECK(too_deep.error().code == Errc::too_deep);
  CHECK(too_deep.error().offset_bytes == 2);
  JsonReader by_hand("[[[]]]", options);
  REQUIRE(by_hand.begin_array());
  REQUIRE(by_hand.next_element());
  REQUIRE(by_hand.begin_array());
  REQUIRE(by_hand.next_element());
  CHECK_FALSE(by_hand.begin_array());
  CHECK(by_hand.error().code == Errc::too_deep);
}

TEST_CASE("json reader: once wrong it stays wrong, with the first reason") {
  JsonReader reader("[x, 1]");
  Buffer out;
  double number = 0;
  Kind kind{};
  REQUIRE(reader.begin_array());
  REQUIRE(reader.next_element());
  CHECK_FALSE(reader.value(out));
  CHECK_FALSE(reader.fail(Errc::bad_value, 99));
  CHECK_FALSE(reader.peek(kind));
  CHECK_FALSE(reader.next_element());
  CHECK_FALSE(reader.next_member(out));
  CHECK_FALSE(reader.number(number));
  CHECK_FALSE(reader.finish());
  CHECK(reader.error().code == Errc::bad_syntax);
  CHECK(reader.error().offset_bytes == 1);
}

}  // namespace json_reader_test
