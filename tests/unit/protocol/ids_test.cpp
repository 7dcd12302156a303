#include <array>
#include <cstdint>

#include <doctest/doctest.h>

#include <socketio/protocol/ids.hpp>
#include <socketio/protocol/reserved_events.hpp>

namespace ids_test {

using namespace socketio;

TEST_CASE("ids: six random bytes pick six characters, modulo the alphabet's 64") {
  CHECK(ids::make_short(std::array<std::uint8_t, 6>{0, 25, 26, 51, 52, 61}) == "AZaz09");
  CHECK(ids::make_short(std::array<std::uint8_t, 6>{62, 63, 64, 127, 128, 255}) == "-_A_A_");
}

TEST_CASE("ids: eight random bytes become sixteen lower-case digits") {
  CHECK(ids::make_hex(std::array<std::uint8_t, 8>{0x3d, 0xe9, 0x9c, 0xed, 0x0c, 0xdb, 0x5c, 0x0d}) == "3de99ced0cdb5c0d");
  CHECK(ids::make_hex(std::array<std::uint8_t, 8>{}) == "0000000000000000");
}

TEST_CASE("reserved events: what clients would not survive is neither sent nor passed on") {
  for (const auto* name : {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    CAPTURE(name);
    CHECK(is_reserved_client_event(name));
  }
  for (const auto* name : {"", "Connect", "connection", "error", "message", "connect "}) {
    CAPTURE(name);
    CHECK_FALSE(is_reserved_client_event(name));
  }
}

TEST_CASE("reserved events: a server-side error is not sent, but an ordinary name when received") {
  for (const auto* name : {"connect", "connection", "new_namespace"}) {
    CAPTURE(name);
    CHECK(is_reserved_server_side_event(name));
    CHECK(is_ignored_server_side_event(name));
  }
  CHECK(is_reserved_server_side_event("error"));
  CHECK_FALSE(is_ignored_server_side_event("error"));
  CHECK_FALSE(is_reserved_server_side_event("disconnect"));
}

}  // namespace ids_test
