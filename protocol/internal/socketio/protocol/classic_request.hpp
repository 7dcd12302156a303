#pragma once

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

// Requests to the nodes of a classic fleet. JSON text, except type 7, which is msgpack.
//
//   0  {requestId, type, rooms}                     ids of sockets; only the older generation
//   1  {uid, requestId, type}                       names of all rooms
//   2  {uid, type, opts{rooms,except}, rooms}       sockets join; 3 with the same members: they leave
//   4  {uid, type, opts{rooms,except}, close}       sockets are disconnected
//   5  {uid, requestId, type, opts{rooms,except}}   sockets with their handshakes
//   6  {uid, requestId?, type, data}                an event for the servers themselves
//   7  {uid, requestId, type, packet{type,data,nsp}, opts{rooms,except,flags}}      a broadcast that expects acks
//
// The older generation leaves `uid` out, and has a form of 2, 3 and 4 for one socket: {requestId, type, sid, room | close}.
//
// Source: docs/wire.md, "Requests"; golden bytes in tests/golden/classic-adapter.json, classic-emitter.json,
// legacy-adapter.json.
namespace socketio::classic_request {

enum class Type : std::uint8_t {
  sockets = 0,
  all_rooms = 1,
  join = 2,
  leave = 3,
  disconnect = 4,
  fetch_sockets = 5,
  server_side_event = 6,
  broadcast = 7,
};

using selector::Target;

// Each function appends one message. Text is valid UTF-8, lists of rooms have no duplicates. An empty `uid` is left out, as
// emitters do in requests without a response. Only encode_broadcast() sends the flags of a target.

/// The reference implementation sends this request without `uid`; servers that respond on the asker's own channel need it.
void encode_sockets(Buffer& out, std::string_view request_id, std::span<const Room> rooms,
                                 std::string_view uid = {});
void encode_all_rooms(Buffer& out, std::string_view uid, std::string_view request_id);
void encode_join(Buffer& out, std::string_view uid, const Target& target, std::span<const Room> rooms);
void encode_leave(Buffer& out, std::string_view uid, const Target& target, std::span<const Room> rooms);
void encode_disconnect(Buffer& out, std::string_view uid, const Target& target, bool close);
void encode_fetch_sockets(Buffer& out, std::string_view uid, std::string_view request_id, const Target& target);

/// `request_id`  empty when no response is requested.
/// `data`        msgpack array [event, args...], which becomes JSON: binary and dates are converted as JSON.stringify does. The
///               caller checks the name, see is_reserved_server_side_event().
/// Fails         as transcode::msgpack_to_json() does; then `out` is unchanged.
Result<void> encode_server_side_event(Buffer& out, std::string_view uid, std::string_view request_id, Bytes data);

/// `data`     msgpack array [event, args...]: well formed, with a name that is not reserved.
/// `target`   its flags should have a timeout: without one, JavaScript peers time out after a millisecond.
void encode_broadcast(Buffer& out, std::string_view uid, std::string_view request_id, Bytes data,
                                   std::string_view nsp, const Target& target);

/// A decoded request. Every view points into the bytes or the scratch buffer given to decode(), which must outlive it.
struct View {
  Type type = Type::sockets;
  std::string_view uid;                        ///< requester; empty from emitters, the older generation, and if it is not text
  std::optional<std::string_view> request_id;  ///< present when a response is requested; always in 0, 1, 5 and 7
  std::string_view sid;   ///< 2, 3, 4 in the form for one socket: its id, and `target` is not used; otherwise empty
  selector::View target;  ///< 2, 3, 4, 5, 7: the sockets addressed
  RoomList rooms;         ///< 0: sockets in any of these, or all; 2, 3: the rooms to join or to leave
  bool close = false;     ///< 4: close the connection, too
  Bytes data;             ///< 6, 7: msgpack array [event, args...], still encoded; see event_data::name()
  std::string_view nsp;   ///< 7: as in broadcast::View
};

/// Reads one request, JSON or msgpack.
///
/// `payload`  the whole Redis payload; borrowed, see View.
/// `scratch`  receives the msgpack form of a JSON payload; its previous content is discarded. Not part of `payload`.
/// Fails      truncated, bad_syntax, trailing_bytes, too_deep, too_large; missing_field, wrong_type; bad_value: an unknown type
///            (8 and 9 among them), an event without a usable name, or with a name that receivers ignore. In a JSON payload the
///            offset is 0 unless the text itself is malformed.
/// Cost       JSON is transcoded once, then one pass; allocates only for lists of rooms and `scratch`.
[[nodiscard]] Result<View> decode(Bytes payload, Buffer& scratch);

}  // namespace socketio::classic_request
