#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>

#include "writer.hpp"

namespace writer_test {

using namespace socketio;
using namespace socketio::redis;

namespace {

void add(Writer& writer, std::uint64_t tag, const std::string& bytes) {
  std::memcpy(writer.queue().reserve(bytes.size()), bytes.data(), bytes.size());
  writer.queue().commit(nullptr, tag, bytes.size());
}

std::string gathered(Writer& writer, bool with_commands = true) {
  std::array<Bytes, 8> parts;
  const std::size_t count = writer.gather(parts, with_commands);
  std::string text;
  for (const Bytes part : std::span(parts).first(count)) {
    text += as_text(part);
  }
  return text;
}

}  // namespace

TEST_CASE("writer: control bytes are written before commands, and alone") {
  Writer writer(1'000, 10);
  add(writer, 1, "command");
  writer.control().append(std::string_view("AUTH"));

  CHECK(gathered(writer) == "AUTH");
  CHECK(writer.took(4, 0).empty());
  CHECK_FALSE(writer.has_control());
  CHECK(gathered(writer, false).empty());
  CHECK(gathered(writer) == "command");
  CHECK(writer.took(7, 5).empty());
  CHECK(writer.queue().in_flight_count() == 1);
}

TEST_CASE("writer: no more than in_flight_max commands are in flight") {
  Writer writer(1'000, 2);
  add(writer, 1, "a");
  add(writer, 2, "b");
  add(writer, 3, "c");

  CHECK(gathered(writer) == "ab");
  CHECK(writer.took(2, 0).empty());
  CHECK(gathered(writer).empty());
  writer.queue().pop_in_flight();
  CHECK(gathered(writer) == "c");
}

TEST_CASE("writer: after a partial write only the rest of that command is held, and later ones can be withdrawn") {
  Writer writer(1'000, 10);
  add(writer, 1, "aaaa");
  add(writer, 2, "bbbb");
  REQUIRE(gathered(writer) == "aaaabbbb");

  const Bytes rest = writer.took(1, 0);
  CHECK(as_text(rest) == "aaa");
  writer.hold(rest.size());
  CHECK(writer.holds_command());
  CHECK(writer.queue().pop_waiting().tag == 2);
  writer.took_held(7);
  CHECK_FALSE(writer.is_holding());
  CHECK(writer.queue().oldest_in_flight().written_ms == 7);
}

TEST_CASE("writer: control bytes can be taken in parts, too") {
  Writer writer(1'000, 10);
  writer.control().append(std::string_view("SUBSCRIBE"));
  REQUIRE(gathered(writer) == "SUBSCRIBE");

  writer.hold(writer.took(3, 0).size());
  CHECK(writer.is_holding());
  CHECK_FALSE(writer.holds_command());
  writer.took_held(0);
  CHECK_FALSE(writer.has_control());
}

TEST_CASE("writer: a lost connection takes the control bytes with it, and restores the command that was partly taken") {
  Writer writer(1'000, 10);
  add(writer, 1, "aaaa");
  REQUIRE(gathered(writer) == "aaaa");
  writer.hold(writer.took(2, 0).size());
  writer.control().append(std::string_view("PING"));

  writer.connection_ended();

  CHECK_FALSE(writer.is_holding());
  CHECK_FALSE(writer.has_control());
  CHECK(gathered(writer) == "aaaa");
}

TEST_CASE("writer: the bytes that wait are limited, but one command always fits") {
  Writer writer(10, 10);
  CHECK(writer.fits(1'000));
  add(writer, 1, "1234567");
  CHECK(writer.fits(3));
  CHECK_FALSE(writer.fits(4));
}

}  // namespace writer_test
