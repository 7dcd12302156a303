#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/room_list.hpp>
#include <socketio/protocol/selector.hpp>

// Messages between the nodes of a sharded or a streams fleet.
//
//   {type, data, uid, nsp}                           JSON text, or msgpack
//
//   3   broadcast                data {packet{type,data,id?}, requestId?, opts{rooms,except,flags}}
//   4   sockets join             data {opts, rooms}; 5 with the same members: they leave
//   6   sockets are disconnected data {opts, close}
//   7   sockets are fetched      data {opts, requestId}          8   response: {requestId, sockets[]}
//   9   server-side event        data {requestId?, packet[]}     10  response: {requestId, packet?}
//   11  response to 3 with a requestId, once: {requestId, clientCount}
//   12  response to 3 with a requestId, once for each client that acknowledges: {requestId, packet?}
//
// Source: docs/wire.md, "Messages" and "Entries"; golden bytes in tests/golden/sharded-*.json and streams-*.json.
namespace socketio::cluster_message {

enum class Type : std::uint8_t {
  broadcast = 3,
  join = 4,
  leave = 5,
  disconnect = 6,
  fetch_sockets = 7,
  fetch_sockets_answer = 8,
  server_side_event = 9,
  server_side_answer = 10,
  client_count = 11,
  ack = 12,
};

using selector::Target;

// ---- sending: first the data member in msgpack, then the whole message as msgpack or JSON -----------------------------------
// Text is valid UTF-8, lists of rooms have no duplicates. An empty `request_id` is left out: no response is requested.

/// `event`  msgpack array [event, args...]: well formed, with a name that is not reserved.
void append_broadcast(Buffer& data, Bytes event, std::optional<std::uint64_t> ack_id, std::string_view request_id,
                                   const Target& target);
void append_rooms_change(Buffer& data, const Target& target, std::span<const Room> rooms);
void append_disconnect(Buffer& data, const Target& target, bool close);
void append_fetch(Buffer& data, const Target& target, std::string_view request_id);
/// `sockets`  `count` packed maps {id, handshake, rooms, data}, one after the other.
void append_sockets(Buffer& data, std::string_view request_id, std::size_t count, Bytes sockets);
void append_server_side_event(Buffer& data, std::string_view request_id, Bytes event);
/// For types 10 and 12. `value`: one msgpack value, or empty for undefined.
void append_answer(Buffer& data, std::string_view request_id, Bytes value);
void append_client_count(Buffer& data, std::string_view request_id, std::uint64_t count);

/// True if messages of that type may hold binary and this data does, so that they cannot be JSON.
[[nodiscard]] bool needs_msgpack(Type type, Bytes data) noexcept;
/// Appends {type, data, uid, nsp} as msgpack.
void encode_msgpack(Buffer& out, Type type, Bytes data, std::string_view uid, std::string_view nsp);
/// Appends {type, data, uid, nsp} as JSON. Fails as transcode::msgpack_to_json() does; then `out` is unchanged.
Result<void> encode_json(Buffer& out, Type type, Bytes data, std::string_view uid, std::string_view nsp);

/// Appends the data of a broadcast without responses directly as JSON: the same bytes as encode_entry_data() after
/// append_broadcast(), at lower cost. Returns false, with `out` unchanged, when JSON cannot hold the event, or the event is not
/// well formed.
[[nodiscard]] bool append_broadcast_json(Buffer& out, Bytes event, const Target& target);
/// Appends a whole message {type, data, uid, nsp} in the same way as append_broadcast_json().
[[nodiscard]] bool encode_broadcast_json(Buffer& out, Bytes event, const Target& target, std::string_view uid,
                                                      std::string_view nsp);

/// Appends the data member in the form of a stream entry: JSON, or base64 of the msgpack if that holds binary.
///
/// `only_plaintext`  never base64: binary becomes {"type":"Buffer","data":[...]}.
/// Fails             as encode_json() does.
Result<void> encode_entry_data(Buffer& out, Type type, Bytes data, bool only_plaintext = false);

// ---- receiving -------------------------------------------------------------------------------------------------------------

/// A message whose data member is not decoded yet. Views point into the payload or the scratch buffer.
struct Envelope {
  int type = 0;          ///< any number; messages with one that is not in Type must be ignored
  std::string_view uid;  ///< empty if it is not text
  std::string_view nsp;
  Bytes data;  ///< msgpack; empty when absent
};

/// A decoded data member. Views point into the same bytes as those of the envelope.
struct View {
  Type type = Type::broadcast;
  std::optional<std::string_view> request_id;  ///< present when a response is requested or given
  selector::View target;                       ///< 3 to 7
  RoomList rooms;                              ///< 4, 5: to join or to leave
  bool close = false;                          ///< 6
  Bytes event;                                 ///< 3, 9: [event, args...]
  std::optional<std::uint64_t> ack_id;         ///< 3: packet id under which the sender asks its own clients for an ack
  std::uint64_t client_count = 0;              ///< 11
  Bytes sockets;                               ///< 8: an array
  Bytes value;                                 ///< 10, 12: one value; empty for undefined
};

/// Reads the members of a message, JSON or msgpack; its data stays encoded.
///
/// `scratch`  receives the msgpack form of a JSON payload; its previous content is discarded.
/// Fails      truncated, bad_syntax, trailing_bytes, too_deep, too_large, missing_field, wrong_type.
[[nodiscard]] Result<Envelope> open(Bytes payload, Buffer& scratch);

/// Reads the data of a message whose type is one of Type.
///
/// Fails      as open() does, and bad_value: an event with a name that makes clients disconnect, or that receivers ignore.
[[nodiscard]] Result<View> decode(Type type, Bytes data);

[[nodiscard]] constexpr bool is_known(int type) noexcept { return type >= 3 && type <= 12; }
/// True for responses, which are sent only to the requester, not to all nodes.
[[nodiscard]] constexpr bool is_answer(Type type) noexcept {
  return type == Type::fetch_sockets_answer || type >= Type::server_side_answer;
}

}  // namespace socketio::cluster_message
