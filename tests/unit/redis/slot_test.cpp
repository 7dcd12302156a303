#include <doctest/doctest.h>

#include <array>
#include <string>
#include <utility>

#include "slot_map.hpp"

namespace slot_test {

using namespace socketio::redis;

TEST_CASE("slot: CRC16 of the XMODEM kind") {
  CHECK(crc16("") == 0);
  CHECK(crc16("123456789") == 0x31c3);  // the check value of that CRC
  CHECK(crc16(std::string(1, '\xff')) == 0x1ef0);
}

TEST_CASE("slot: channels of the adapters lie where Redis says (CLUSTER KEYSLOT)") {
  const std::array<std::pair<const char*, int>, 7> known{{{"socket.io#/#", 13868},
                                                          {"socket.io#/#room1#", 9640},
                                                          {"socket.io#/#3de99ced0cdb5c0d#", 10505},
                                                          {"socket.io#/chat#", 2409},
                                                          {"socket.io#/#a{b}c#", 3300},
                                                          {"{socket.io}#/#", 9972},
                                                          {"foo", 12182}}};
  for (const auto& one : known) {
    CAPTURE(one.first);
    CHECK(slot_of(one.first) == one.second);
  }
}

TEST_CASE("slot: a hash tag counts from the first brace to the next closing one, if there is something between") {
  CHECK(slot_of("{user1000}.following") == slot_of("user1000"));
  CHECK(slot_of("foo{}{bar}") == crc16("foo{}{bar}") % slot_count);
  CHECK(slot_of("foo{{bar}}zap") == slot_of("{bar"));
  CHECK(slot_of("foo{bar}{zap}") == slot_of("bar"));
  CHECK(slot_of("foo{bar") == crc16("foo{bar") % slot_count);
  CHECK(slot_of("foo}bar{") == crc16("foo}bar{") % slot_count);
  CHECK(slot_of("") == 0);
}

}  // namespace slot_test
