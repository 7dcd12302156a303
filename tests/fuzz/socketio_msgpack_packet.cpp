#include <cstddef>
#include <cstdint>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>
#include <socketio/protocol/socketio_msgpack_packet.hpp>
#include <socketio/protocol/transcode.hpp>
#include <socketio/protocol/utf8.hpp>

#include "fuzz/check.hpp"

// Property: a packet that is accepted is safe, becomes JSON for other clients, and sent again it is accepted and says the same.

using namespace socketio;
using socketio_packet::Packet;
using socketio_packet::Type;
using socketio_packet::Violation;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Packet packet;
  if (socketio_msgpack_packet::decode({data, size}, packet) != Violation::none) {
    return 0;
  }
  FUZZ_CHECK(packet.type <= Type::connect_error);
  FUZZ_CHECK(utf8::valid(packet.nsp));
  if (!packet.data.empty()) {
    Buffer json;
    FUZZ_CHECK(check_items(packet.data, 1).ok());
    FUZZ_CHECK(transcode::msgpack_to_json(packet.data, json).ok());
  }
  if (packet.type == Type::event) {
    const auto name = event_data::name(packet.data);
    FUZZ_CHECK(name.ok() && name->kind != Kind::binary && !is_reserved_client_event(name->text));
  }

  Buffer first;
  FUZZ_CHECK(socketio_msgpack_packet::encode(first, packet).ok());
  Packet read;
  FUZZ_CHECK(socketio_msgpack_packet::decode(first.bytes(), read) == Violation::none);
  FUZZ_CHECK(read.type == packet.type && read.nsp == packet.nsp && read.id == packet.id);
  Buffer second;
  FUZZ_CHECK(socketio_msgpack_packet::encode(second, read).ok());
  FUZZ_CHECK(second.text() == first.text());
  return 0;
}
