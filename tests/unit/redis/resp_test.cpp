#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "resp.hpp"

namespace resp_test {

using namespace socketio::redis;
using namespace std::string_literals;

namespace {

std::string command(const std::vector<std::string_view>& words) {
  std::string text(command_size(words), '?');
  auto* const begin = reinterpret_cast<std::uint8_t*>(text.data());
  const std::uint8_t* const end = write_command(begin, words);
  CHECK(static_cast<std::size_t>(end - begin) == text.size());
  return text;
}

std::string publish(PublishWriter& writer, std::string_view channel, std::string_view payload) {
  std::string text(writer.begin(channel, payload.size()), '?');
  writer.write(reinterpret_cast<std::uint8_t*>(text.data()), socketio::as_bytes(payload));
  return text;
}

}  // namespace

TEST_CASE("requests: a command is an array of its words, each with its size") {
  CHECK(command({"PING"}) == "*1\r\n$4\r\nPING\r\n");
  CHECK(command({"SET", "", std::string_view("a\0b", 3)}) == "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\na\0b\r\n"s);
  CHECK(command({std::string(12'345, 'x')}) == "*1\r\n$12345\r\n" + std::string(12'345, 'x') + "\r\n");
}

TEST_CASE("requests: PUBLISH has the same bytes whether or not the channel is the one before") {
  PublishWriter writer("PUBLISH");
  for (const std::string& channel : {std::string("a"), std::string("a"), std::string("b"), std::string(), std::string("a")}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{9}, std::size_t{10}, std::size_t{70'000}}) {
      CAPTURE(channel);
      CAPTURE(size);
      const std::string payload(size, 'p');
      CHECK(publish(writer, channel, payload) == command({"PUBLISH", channel, payload}));
    }
  }
}

}  // namespace resp_test
