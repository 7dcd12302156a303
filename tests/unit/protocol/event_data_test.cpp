// What may be published of the data of events.

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

namespace event_data_test {

using namespace socketio;

namespace {

Buffer packed(std::string_view json) {
  Buffer out;
  transcode::JsonOptions options;
  options.proto_members = true;
  REQUIRE(transcode::json_to_msgpack(json, out, options).ok());
  return out;
}

std::string published(Bytes data) {
  Buffer scratch;
  const Bytes left = event_data::publishable(data, scratch);
  CHECK(check_items(left, 1).ok());
  Buffer text;
  transcode::MsgpackOptions options;
  options.proto_members = true;
  REQUIRE(transcode::msgpack_to_json(left, text, options).ok());
  return std::string(text.text());
}

std::string published(std::string_view json) { return published(packed(json).bytes()); }

}  // namespace

TEST_CASE("event data: members that set a prototype are not published, wherever they are") {
  CHECK(published(R"(["e",{"__proto__":{"a":1}}])") == R"(["e",{}])");
  CHECK(published(R"(["e",{"a":[{"__proto__":[{"b":2}],"c":3}],"d":{"__proto__":null}},4])") ==
        R"(["e",{"a":[{"c":3}],"d":{}},4])");
  CHECK(published(R"({"__proto__":1,"__proto__":2,"x":"__proto__"})") == R"({"x":"__proto__"})");
  CHECK(published(R"(["__proto__",["__proto__"]])") == R"(["__proto__",["__proto__"]])");
}

TEST_CASE("event data: maps of every width keep their other members") {
  for (const std::size_t count : {std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{17}, std::size_t{65'535}, std::size_t{65'536}}) {
    CAPTURE(count);
    Buffer map;
    pack::map_header(map, static_cast<std::uint32_t>(count));
    std::string expected = "{";
    for (std::size_t index = 0; index + 1 < count; ++index) {
      const std::string name = "k" + std::to_string(index);
      pack::text(map, name);
      pack::nil(map);
      expected += (index == 0 ? "\"" : ",\"") + name + "\":null";
    }
    pack::text(map, "__proto__");
    pack::binary(map, as_bytes("x"));
    CHECK(published(map.bytes()) == expected + "}");
  }
}

TEST_CASE("event data: names that JavaScript makes text of set no prototype either") {
  Buffer map;
  pack::map_header(map, 3);
  pack::binary(map, as_bytes("__proto__"));
  pack::nil(map);
  pack::array_header(map, 1);
  pack::text(map, "__proto__");
  pack::nil(map);
  pack::text(map, "a");
  pack::nil(map);
  CHECK(published(map.bytes()) == R"({"a":null})");
}

TEST_CASE("event data: what has no such member is published as it is, and several values stay several") {
  const Buffer plain = packed(R"(["e",{"proto":{"a":1}},"__prot__"])");
  Buffer scratch;
  CHECK(event_data::publishable(plain.bytes(), scratch).data() == plain.data());
  Buffer two = packed(R"({"__proto__":1})");
  two.append(packed(R"({"a":{"__proto__":1}})").bytes());
  const Bytes left = event_data::publishable(two.bytes(), scratch);
  CHECK(check_items(left, 2).ok());
  const Buffer cut = packed(R"(["e",{"__proto__":[1,2,3]}])");
  const Bytes broken = cut.bytes().first(cut.size() - 1);
  CHECK(event_data::publishable(broken, scratch).data() == broken.data());
}

TEST_CASE("event data: timestamps are published in the forms that decoders of JavaScript know") {
  const auto extension = [](std::size_t size) {  // ext8, type -1
    Buffer out;
    out.push_back(0xc7);
    out.push_back(static_cast<std::uint8_t>(size));
    out.push_back(0xff);
    out.append(std::string(size, '\x01'));
    return out;
  };
  const auto between = [](const Buffer& value) {
    Buffer out;
    pack::array_header(out, 3);
    pack::text(out, "e");
    out.append(value.bytes());
    pack::text(out, "tail");
    return out;
  };
  const auto published_as = [&](const Buffer& value) {
    const Buffer event = between(value);
    Buffer scratch;
    const Bytes left = event_data::publishable(event.bytes(), scratch);
    CHECK(check_items(left, 1).ok());
    return std::string(as_text(left));
  };
  const auto text_of = [&](const std::string& head, std::size_t size) {
    Buffer value;
    value.append(head + std::string(size, '\x01'));
    return std::string(between(value).text());
  };
  CHECK(published_as(extension(4)) == text_of("\xd6\xff", 4));
  CHECK(published_as(extension(8)) == text_of("\xd7\xff", 8));
  CHECK(published_as(extension(12)) == text_of("\xc7\x0c\xff", 12));
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{9}, std::size_t{16}}) {
    CAPTURE(size);
    CHECK(published_as(extension(size)) == text_of("\x92\xff\xc4" + std::string(1, static_cast<char>(size)), size));
  }
  Buffer key;
  pack::map_header(key, 1);
  key.append(extension(3).bytes());
  pack::nil(key);
  Buffer expected;
  expected.append(std::string("\x81\xc4\x03\x01\x01\x01\xc0"));
  CHECK(published_as(key) == std::string(between(expected).text()));
}

TEST_CASE("event data: a name that is bytes is refused") {
  Buffer event;
  pack::array_header(event, 1);
  pack::binary(event, as_bytes("e"));
  CHECK_THROWS_WITH_AS(event_data::require(event.bytes(), [](std::string_view) { return false; }),
                       "An event's name is text or a number, not bytes.", Error);
}

TEST_CASE("event data: the last argument, when it is text") {
  CHECK(event_data::last_text(packed(R"(["e",{"a":[1]},"offset"])").bytes()) == "offset");
  CHECK(event_data::last_text(packed(R"(["e"])").bytes()) == "e");
  CHECK(event_data::last_text(packed(R"(["e",1])").bytes()).empty());
  CHECK(event_data::last_text(packed("[]").bytes()).empty());
  CHECK(event_data::last_text(packed("{}").bytes()).empty());
  CHECK(event_data::last_text({}).empty());
}

}  // namespace event_data_test
