#include <functional>
#include <string>

#include <doctest/doctest.h>

#include <socketio/protocol/classic_channels.hpp>

#include "classic_fixture.hpp"

namespace classic_channels_test {

using namespace socketio;
using golden::Json;

namespace {

std::string built(const std::function<void(Buffer&)>& append) {
  Buffer out;
  append(out);
  return std::string(out.text());
}

/// The channel an operation of a vector is published on.
std::string channel(const Json& vector) {
  const std::string key = fixture::text(vector, "key", "socket.io");
  const std::string nsp = fixture::text(vector, "nsp", "/");
  if (vector.at("channel").get<std::string>().starts_with(key + "-request#")) {
    return built([&](Buffer& out) { classic_channels::append_request(out, key, nsp); });
  }
  auto rooms = fixture::rooms(vector, "rooms");
  if (vector.contains("remote_sid")) {
    rooms.emplace_back(vector.at("remote_sid").get<std::string>());
  } else if (fixture::text(vector, "op").find("to(room1)") != std::string::npos) {
    rooms.emplace_back("room1");
  }
  return built([&](Buffer& out) { classic_channels::append_broadcast(out, key, nsp, rooms); });
}

}  // namespace

TEST_CASE("classic channels: every golden message goes to the channel that the reference uses") {
  std::size_t count = 0;
  for (const char* file : {"classic-emitter", "classic-adapter", "legacy-emitter", "legacy-adapter"}) {
    for (const Json& vector : golden::file(file)) {
      if (vector.contains("channel")) {
        CAPTURE(vector.at("name").get<std::string>());
        CHECK(channel(vector) == vector.at("channel").get<std::string>());
        ++count;
      }
    }
  }
  CHECK(count == 166 + 32 + 10 + 9);
}

TEST_CASE("classic channels: a node subscribes to the names that the reference subscribes to") {
  std::size_t count = 0;
  for (const Json& vector : golden::file("classic-subscriptions")) {
    const std::string key = fixture::text(vector, "key", "socket.io");
    Json expected = Json::array();
    for (const std::string nsp : vector.at("namespaces")) {
      const std::string uid = vector.at("uids").at(nsp);
      const auto name = [&](auto append) { return built([&](Buffer& out) { append(out); }); };
      const Json pattern = Json::array({name([&](Buffer& out) { classic_channels::append_pattern(out, key, nsp); })});
      const Json names =
          Json::array({name([&](Buffer& out) { classic_channels::append_request(out, key, nsp); }),
                       name([&](Buffer& out) { classic_channels::append_response(out, key, nsp); }),
                       name([&](Buffer& out) { classic_channels::append_specific_response(out, key, nsp, uid); })});
      expected.push_back({{"command", "PSUBSCRIBE"}, {"args", pattern}});
      expected.push_back({{"command", "SUBSCRIBE"}, {"args", names}});
    }
    CHECK(vector.at("commands") == expected);
    ++count;
  }
  CHECK(count == 2);
}

TEST_CASE("classic channels: the pattern escapes what Redis would take for a wildcard") {
  const auto pattern = [](const char* key, const char* nsp) {
    return built([&](Buffer& out) { classic_channels::append_pattern(out, key, nsp); });
  };
  CHECK(pattern("socket.io", "/a*") == R"(socket.io#/a\*#*)");
  CHECK(pattern("socket.io", "/[x]") == R"(socket.io#/\[x\]#*)");
  CHECK(pattern("socket.io", R"(/a\b)") == R"(socket.io#/a\\b#*)");
  CHECK(pattern("k?^", "/") == R"(k\?\^#/#*)");
}

TEST_CASE("classic channels: the channel names the room that somebody must be in") {
  CHECK(classic_channels::room_filter("socket.io#/#room1#", "socket.io", "/") == "room1");
  CHECK(classic_channels::room_filter("socket.io#/#a#b#", "socket.io", "/") == "a#b");
  CHECK(classic_channels::room_filter("socket.io#/chat#42#", "socket.io", "/chat") == "42");
}

TEST_CASE("classic channels: without a room in the channel everybody is concerned") {
  CHECK(classic_channels::room_filter("socket.io#/#", "socket.io", "/") == "");
  CHECK(classic_channels::room_filter("socket.io#/##", "socket.io", "/") == "");
}

TEST_CASE("classic channels: other prefixes and namespaces are not ours") {
  CHECK_FALSE(classic_channels::room_filter("socket.io#/chat#", "socket.io", "/").has_value());
  CHECK_FALSE(classic_channels::room_filter("socket.io#/#", "socket.io", "/chat").has_value());
  CHECK_FALSE(classic_channels::room_filter("socket.i#/#", "socket.io", "/").has_value());
  CHECK_FALSE(classic_channels::room_filter("socket.io#/", "socket.io", "/").has_value());
  CHECK_FALSE(classic_channels::room_filter("", "socket.io", "/").has_value());
}

TEST_CASE("classic channels: request and response channels are compared as whole names") {
  CHECK(classic_channels::is_request("socket.io-request#/#", "socket.io", "/"));
  CHECK_FALSE(classic_channels::is_request("socket.io-request#/#x#", "socket.io", "/"));
  CHECK(classic_channels::is_response("socket.io-response#/#", "socket.io", "/"));
  CHECK_FALSE(classic_channels::is_response("socket.io-response#/#9pctMb#", "socket.io", "/"));
  CHECK(classic_channels::is_specific_response("socket.io-response#/#9pctMb#", "socket.io", "/", "9pctMb"));
  CHECK_FALSE(classic_channels::is_specific_response("socket.io-response#/#9pctMb", "socket.io", "/", "9pctMb"));
}

}  // namespace classic_channels_test
