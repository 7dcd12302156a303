#pragma once

#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/socketio_packet.hpp>

// Socket.IO packets as `socket.io-msgpack-parser` writes them: each is one binary message of Engine.IO, with binary data in
// line.
//
//   {type, data?, id?, nsp}          a msgpack map; `id` comes first in an ack
//
// Absent members are left out; they are never nil. Dates have the form of notepack 2, which is the one these clients know.
//
// Source: docs/wire_server.md, "The msgpack parser"; golden bytes in tests/golden/socketio-msgpack-*.json.
namespace socketio::socketio_msgpack_packet {

using socketio_packet::Packet;
using socketio_packet::Type;
using socketio_packet::Violation;

/// Appends one packet.
///
/// `packet`   not of a binary type. The data of events and acks is an array; an event's name that is binary becomes text.
/// Fails      truncated, bad_syntax, trailing_bytes: the data is not one msgpack value; then `out` is unchanged.
/// Cost       one pass; dates are rewritten, everything else is copied in runs.
Result<void> encode(Buffer& out, const Packet& packet);

/// Appends the response to a CONNECT. An empty `pid` is left out.
void encode_connect(Buffer& out, std::string_view nsp, std::string_view sid, std::string_view pid = {});
/// Appends a CONNECT_ERROR with {message, data?}. `data` is one msgpack value, or empty to leave it out. Fails as encode()
/// does.
Result<void> encode_connect_error(Buffer& out, std::string_view nsp, std::string_view message, Bytes data = {});
void encode_disconnect(Buffer& out, std::string_view nsp);

/// Reads one packet. Unlike the reference implementation, it checks event names by the same rules as the default parser.
///
/// `message`  borrowed by `packet`. Unknown members are skipped; of repeated ones the last counts. Dates and undefined stay in
///            the forms of notepack 2.
/// Cost       one pass.
[[nodiscard]] Violation decode(Bytes message, Packet& packet, std::size_t depth_max = limits::depth_max);

}  // namespace socketio::socketio_msgpack_packet
