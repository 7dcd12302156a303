#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/room_list.hpp>
#include <socketio/protocol/selector.hpp>

// What a process asks the nodes of a classic fleet to do, or to tell. JSON text, except type 7, which is msgpack.
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

// Each appends one message. Text is valid UTF-8, lists of rooms are free of duplicates. An empty `uid` is left out, as emitters
// do in requests that nobody answers; flags of a target travel only with encode_broadcast().

/// The reference sends this one without `uid`; servers that answer on the asker's own channel need it.
SOCKETIO_API void encode_sockets(Buffer& out, std::string_view request_id, std::span<const Room> rooms,
                                 std::string_view uid = {});
SOCKETIO_API void encode_all_rooms(Buffer& out, std::string_view uid, std::string_view request_id);
SOCKETIO_API void encode_join(Buffer& out, std::string_view uid, const Target& target, std::span<const Room> rooms);
SOCKETIO_API void encode_leave(Buffer& out, std::string_view uid, const Target& target, std::span<const Room> rooms);
SOCKETIO_API void encode_disconnect(Buffer& out, std::string_view uid, const Target& target, bool close);
SOCKETIO_API void encode_fetch_sockets(Buffer& out, std::string_view uid, std::string_view request_id, const Target& target);

/// `request_id`  empty when no answer is wanted.
/// `data`        msgpack array [event, args...], which becomes JSON: binary and dates degrade as JSON.stringify has it. The
/// name
///               is the caller's to check, see is_reserved_server_side_event().
/// Fails         as transcode::msgpack_to_json() does; `out` is as it was before then.
SOCKETIO_API Result<void> encode_server_side_event(Buffer& out, std::string_view uid, std::string_view request_id, Bytes data);

/// `data`     msgpack array [event, args...]: well formed, with a name that is not reserved.
/// `target`   its flags should have a timeout: without one, JavaScript peers give up after a millisecond.
SOCKETIO_API void encode_broadcast(Buffer& out, std::string_view uid, std::string_view request_id, Bytes data,
                                   std::string_view nsp, const Target& target);

/// A decoded request. Every view points into the bytes or the scratch buffer given to decode(), which must outlive it.
struct View {
  Type type = Type::sockets;
  std::string_view uid;                        ///< asking node; empty from emitters, the older generation, and if it is no text
  std::optional<std::string_view> request_id;  ///< present where an answer is wanted; always in 0, 1, 5 and 7
  std::string_view sid;   ///< 2, 3, 4 in the form for one socket: its id, and `target` means nothing; or empty
  selector::View target;  ///< 2, 3, 4, 5, 7: the sockets that are meant
  RoomList rooms;         ///< 0: sockets in any of these, or all; 2, 3: the rooms to join or to leave
  bool close = false;     ///< 4: close the connection, too
  Bytes data;             ///< 6, 7: msgpack array [event, args...], still encoded; see event_data::name()
  std::string_view nsp;   ///< 7: as in broadcast::View
};

/// Reads one request, JSON or msgpack.
///
/// `payload`  the whole Redis payload; borrowed, see View.
/// `scratch`  takes the msgpack form of a JSON payload; what it held before is forgotten. Not part of `payload`.
/// Fails      truncated, bad_syntax, trailing_bytes, too_deep, too_large; missing_field, wrong_type; bad_value: an unknown type
/// (8
///            and 9 among them), an event without a usable name, or with a name that receivers ignore. In a JSON payload the
///            offset is 0 unless the text itself is broken.
/// Cost       JSON is transcoded once, then one pass; allocates only for lists of rooms and `scratch`.
[[nodiscard]] SOCKETIO_API Result<View> decode(Bytes payload, Buffer& scratch);

}  // namespace socketio::classic_request
