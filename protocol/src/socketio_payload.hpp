#pragma once

#include <socketio/common/bytes.hpp>
#include <socketio/protocol/socketio_packet.hpp>

// Which data a packet may have: the rules that both parsers share.
//
// Source: docs/wire_server.md, "Validation".
namespace socketio::socketio_payload {

/// `data` is one well-formed msgpack value, or empty for none. `type` is not a binary one.
socketio_packet::Violation check(socketio_packet::Type type, Bytes data);

}  // namespace socketio::socketio_payload
