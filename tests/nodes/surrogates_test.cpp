// A lone surrogate in a client's text, sent to other servers: it is kept where JavaScript's messages keep it, in JSON and in
// the msgpack of streams; it becomes U+FFFD where their decoders accept only UTF-8.

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include <socketio/protocol/base64.hpp>

#include "each_family.hpp"

namespace surrogates_test {

using namespace nodes;

namespace {

using namespace std::string_view_literals;

constexpr auto text_event = "\x92\xa1"
                            "e\xa4x\xed\xa0\x80"sv;
/// An event with the same bytes as binary.
constexpr auto binary_event = "\x93\xa1"
                              "e\xa4x\xed\xa0\x80\xc4\x03\xed\xa0\x80"sv;

/// Channel and payload that the bus receives for an event.
std::string published(const Family& family, std::string_view event, const std::vector<Room>& rooms = {}) {
  Fleet fleet(family, 1);
  fleet[0].adapter->apply(Operation::emit({.rooms = rooms}, socketio::as_bytes(event)));
  REQUIRE(fleet.redis.published.size() == 1);
  return fleet.redis.published[0].channel + " " + std::string(fleet.redis.published[0].text());
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("surrogates: classic messages have U+FFFD in text, and bytes as they are") {
  CHECK(contains(published(families[0], text_event), "\xa4x\xef\xbf\xbd"));
  const std::string message = published(families[0], binary_event, {Room("r\xed\xa0\x80")});
  CHECK(contains(message, "\xa4x\xef\xbf\xbd\xc4\x03\xed\xa0\x80"));
  CHECK(message.starts_with("socket.io#/#r\xef\xbf\xbd# "));
}

TEST_CASE("surrogates: sharded messages keep them in JSON, and have U+FFFD in msgpack and in the names of channels") {
  const std::string message = published(families[1], text_event, {Room("r\xed\xa0\x80")});
  CHECK(message.starts_with("socket.io#/#r\xef\xbf\xbd# {"));
  CHECK(contains(message, R"(["e","x\ud800"])"));
  CHECK(contains(message, R"("rooms":["r\ud800"])"));
  CHECK(contains(published(families[1], binary_event), "\xa4x\xef\xbf\xbd\xc4\x03\xed\xa0\x80"));
}

TEST_CASE("surrogates: entries of streams keep them in both forms") {
  CHECK(contains(published(families[2], text_event), R"(["e","x\ud800"])"));
  const std::string entry = published(families[2], binary_event);
  Buffer data;
  REQUIRE(socketio::base64::decode(data, std::string_view(entry).substr(entry.find(' ') + 1)));
  CHECK(contains(std::string(data.text()), "\xa4x\xed\xa0\x80\xc4\x03\xed\xa0\x80"));
}

TEST_CASE("surrogates: another server's sockets get them as they came, where the message has kept them") {
  with_each_family([](const Family& family) {
    Fleet fleet(family, 2);
    FakeSocket& there = fleet[1].host.shard().add("there", {"r\xed\xa0\x80"});
    const std::vector<Room> rooms{Room("r\xed\xa0\x80"), Room("other")};
    fleet[0].adapter->apply(Operation::emit({.rooms = rooms}, socketio::as_bytes(text_event)));
    fleet.time.advance(1'000);
    if (family.name == "classic") {
      CHECK(there.received.empty());  // its room has another name in the message, as with servers in JavaScript
    } else {
      REQUIRE(there.received.size() == 1);
      CHECK(there.received[0][0] == R"(2["e","x\ud800"])");
    }
  });
}

}  // namespace surrogates_test
