#pragma once

#include <socketio/common/bytes.hpp>
#include <socketio/protocol/socketio_packet.hpp>

// Rules for the data that a packet may have; both parsers share them.
//
// Source: docs/wire_server.md, "Validation".
namespace socketio::socketio_payload {

/// Checks `data`, one well-formed msgpack value, or empty for none. `type` is not a binary one.
socketio_packet::Violation check(socketio_packet::Type type, Bytes data);

}  // namespace socketio::socketio_payload
