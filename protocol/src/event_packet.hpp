#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/protocol/cursor.hpp>

// The Socket.IO packet inside a broadcast and inside a request that expects acks.
//
//   {type: 2, data: [event, args...], id?, nsp}
//
// Source: docs/wire.md, "Broadcast message".
namespace socketio::event_packet {

struct Packet {
  Bytes data;
  std::string_view nsp = "/";  ///< received: empty when it is not text
  std::optional<std::uint64_t> id;
};

/// Appends the msgpack map. Grows `out` at most once.
void append(Buffer& out, const Packet& packet);

/// Reads the map. Refuses packets that make clients disconnect; see broadcast::decode().
bool read(Cursor& cursor, Packet& packet);

}  // namespace socketio::event_packet
