// How the sharded and the streams family name their channels and streams.

#include <doctest/doctest.h>

#include <string>

#include <socketio/protocol/sharded_channels.hpp>
#include <socketio/protocol/stream_names.hpp>

#include "support/golden.hpp"

namespace fleet_names_test {

using namespace socketio;

namespace {

std::string stream_of(std::string_view nsp, std::uint32_t count) {
  Buffer name;
  stream_names::append(name, {.stream_count = count}, nsp);
  return std::string(name.text());
}

}  // namespace

TEST_CASE("stream names: each namespace has the reference's stream, also where that is negative") {
  std::size_t count = 0;
  for (const golden::Json& vector : golden::file("streams-names")) {
    const std::string nsp = vector.at("name");
    CAPTURE(nsp);
    CHECK(stream_of(nsp, vector.at("stream_count").get<std::uint32_t>()) == vector.at("stream").get<std::string>());
    ++count;
  }
  CHECK(count == 9);
  CHECK(stream_of("/namespace-with-a-long-name", 4) == "socket.io--2");
  CHECK(stream_of("/anything", 1) == "socket.io");
}

TEST_CASE("stream names: characters beyond the basic plane count as two units") {
  CHECK(stream_names::hash_of("/") == 47);
  CHECK(stream_names::hash_of("\xf0\x9f\x98\x80") == 0xd83d * 31 + 0xde00);
}

TEST_CASE("sharded channels: the mode decides which rooms have one, by JavaScript's length of the name") {
  using sharded_channels::has_channel;
  const Room id("Dr9v_ukySNnP_PMHAAAK");
  std::string ten_emoji;
  std::string ten_accents;
  for (int n = 0; n < 10; ++n) {
    ten_emoji += "\xf0\x9f\x98\x80";
    ten_accents += "\xc3\xa9";
  }
  CHECK_FALSE(has_channel(SubscriptionMode::only_static, Room("room")));
  CHECK(has_channel(SubscriptionMode::dynamic, Room("room")));
  CHECK_FALSE(has_channel(SubscriptionMode::dynamic, id));
  CHECK_FALSE(has_channel(SubscriptionMode::dynamic, Room(ten_emoji)));
  CHECK(has_channel(SubscriptionMode::dynamic, Room(ten_accents)));
  CHECK(has_channel(SubscriptionMode::dynamic, Room::number(12345678901234567890.0)));
  CHECK(has_channel(SubscriptionMode::dynamic_private, id));
}

TEST_CASE("sharded channels: names are taken as they are, and escaped in the pattern") {
  Buffer name;
  sharded_channels::append_named(name, "k*", "/[x]", "a#b");
  CHECK(name.text() == "k*#/[x]#a#b#");
  Buffer pattern;
  sharded_channels::append_pattern(pattern, "k*", "/[x]");
  CHECK(pattern.text() == "k\\*#/\\[x\\]#*#");
}

TEST_CASE("fleet names: a channel tells its namespace when it has one and nothing else") {
  CHECK(sharded_channels::namespace_of("k-request#/chat#", "k-request#") == "/chat");
  CHECK(sharded_channels::namespace_of("k#/#", "k#") == "/");
  for (const char* other : {"k#/chat#room#", "k#chat#", "k#", "k", "k##", "other#/#"}) {
    CAPTURE(other);
    CHECK_FALSE(sharded_channels::namespace_of(other, "k#"));
  }
}

TEST_CASE("fleet names: the streams that are read") {
  CHECK(stream_names::all({.stream_name = "s", .stream_count = 1}) == std::vector<std::string>{"s"});
  CHECK(stream_names::all({.stream_name = "s", .stream_count = 2}) == std::vector<std::string>{"s-0", "s-1"});
}

}  // namespace fleet_names_test
