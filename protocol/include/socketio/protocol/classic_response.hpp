#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/room_list.hpp>

// What the nodes of a classic fleet answer to requests. JSON text, except an ack, which is msgpack.
//
//   to 0         {requestId, sockets: ["id", ...]}
//   to 1         {requestId, rooms: ["room", 42, ...]}
//   to 2, 3, 4   {requestId}                                  only to the older generation's form for one socket
//   to 5         {requestId, sockets: [{id, handshake, rooms, data}, ...]}
//   to 6         {type: 6, requestId, data?}
//   to 7         {type: 8, requestId, clientCount}            once, then per client
//                {type: 9, requestId, packet?}
//
// Source: docs/wire.md, "Responses" and "Sockets in fetch responses"; golden bytes in tests/golden/classic-responses.json.
namespace socketio::classic_response {

/// A socket to be told of. Everything is borrowed.
struct OutgoingSocket {
  std::string_view id = {};
  Bytes handshake = {};              ///< a msgpack map with the members of the wire document
  std::span<const Room> rooms = {};  ///< its own id among them
  Bytes data = {};                   ///< one msgpack value, whatever the application keeps there
};

// Each appends one message. Text is valid UTF-8. Msgpack values are well formed; those that become JSON degrade as
// JSON.stringify has it, and where they cannot be read the encoder fails as transcode::msgpack_to_json() does, with `out` as it
// was before.

SOCKETIO_API void encode_socket_ids(Buffer& out, std::string_view request_id, std::span<const std::string_view> ids);
SOCKETIO_API void encode_rooms(Buffer& out, std::string_view request_id, std::span<const Room> rooms);
SOCKETIO_API void encode_done(Buffer& out, std::string_view request_id);
SOCKETIO_API Result<void> encode_sockets(Buffer& out, std::string_view request_id, std::span<const OutgoingSocket> sockets);
/// The same for sockets that are JSON already: {id, handshake, rooms, data} each, with commas between them.
SOCKETIO_API void encode_sockets_json(Buffer& out, std::string_view request_id, std::string_view sockets);
/// `value`    one msgpack value; empty for undefined.
SOCKETIO_API Result<void> encode_server_side_answer(Buffer& out, std::string_view request_id, Bytes value);
SOCKETIO_API void encode_client_count(Buffer& out, std::string_view request_id, std::uint64_t client_count);
/// `value`    one msgpack value, the first argument of the client's ack; empty when it had none.
SOCKETIO_API void encode_ack(Buffer& out, std::string_view request_id, Bytes value);

enum class Type : std::uint8_t {
  untyped = 0,             ///< the pending request decides what this answers
  server_side_answer = 6,  ///< the same; the type is only said, not used
  client_count = 8,
  ack = 9,
};

/// A response whose request is not looked up yet. Every view points into the bytes or the scratch buffer given to decode(),
/// which must outlive it. Members are one encoded msgpack item each, empty when absent or nil.
struct View {
  std::string_view request_id;
  Type type = Type::untyped;
  std::uint64_t client_count = 0;  ///< of Type::client_count
  Bytes sockets;                   ///< an array: NameReader for an answer to 0, SocketReader for one to 5
  Bytes rooms;                     ///< an array: NameReader
  Bytes data;                      ///< answer of a server-side event
  Bytes packet;                    ///< of Type::ack: the client's answer
};

/// Reads one response, JSON or msgpack, as far as every response goes. Most are for other nodes: look up `request_id` first.
///
/// `payload`  the whole Redis payload; borrowed, see View.
/// `scratch`  takes the msgpack form of a JSON payload; what it held before is forgotten. Not part of `payload`.
/// Fails      truncated, bad_syntax, trailing_bytes, too_deep, too_large; missing_field, wrong_type, bad_value. In a JSON
/// payload
///            the offset is 0 unless the text itself is broken.
[[nodiscard]] SOCKETIO_API Result<View> decode(Bytes payload, Buffer& scratch);

/// The id that a response in JSON begins with, or has behind its type, without reading the rest: most responses are for other
/// nodes. Nothing when it cannot be told so, and the whole has to be read.
[[nodiscard]] SOCKETIO_API std::optional<std::string_view> peek_request_id(Bytes payload) noexcept;

/// Reads a list of names (View::sockets, View::rooms) one by one, in the text form of RoomList. Elements that are no names are
/// left out and counted.
class SOCKETIO_API NameReader {
 public:
  /// `list` is borrowed, and one item: an absent member is nothing to be read.
  explicit NameReader(Bytes list) noexcept;

  /// False at the end, or when the list cannot be read: ok() tells. `name` is good until the next call.
  bool next(std::string_view& name);
  [[nodiscard]] bool ok() const noexcept { return cursor_.ok(); }
  /// Fails with wrong_type: not a list. The offset counts from the list.
  [[nodiscard]] DecodeError error() const noexcept { return cursor_.error(); }
  [[nodiscard]] std::size_t skipped_count() const noexcept { return skipped_count_; }

 private:
  Cursor cursor_;
  std::uint32_t left_ = 0;
  std::size_t skipped_count_ = 0;
  RoomList current_;
};

/// A socket as another node tells of it: never to be trusted to be whole.
struct Socket {
  std::string_view id;
  Bytes handshake;     ///< a msgpack map; empty when there was none
  RoomList rooms;      ///< empty when there was no list
  Bytes packed_rooms;  ///< the list as it came, where rooms may be numbers; empty when there was none
  Bytes data;          ///< one msgpack value; empty when absent or nil
};

/// Reads the sockets of an answer to 5 one by one. Elements without an id (JavaScript nodes do send null) are left out and
/// counted; other members that are absent or odd are left empty.
class SOCKETIO_API SocketReader {
 public:
  /// `list` is borrowed, and one item: an absent member is nothing to be read.
  explicit SocketReader(Bytes list) noexcept;

  /// False at the end, or when the list cannot be read: ok() tells. What `socket` held before is forgotten.
  bool next(Socket& socket);
  [[nodiscard]] bool ok() const noexcept { return cursor_.ok(); }
  /// Fails with wrong_type: not a list. The offset counts from the list.
  [[nodiscard]] DecodeError error() const noexcept { return cursor_.error(); }
  [[nodiscard]] std::size_t skipped_count() const noexcept { return skipped_count_; }

 private:
  Cursor cursor_;
  std::uint32_t left_ = 0;
  std::size_t skipped_count_ = 0;
};

}  // namespace socketio::classic_response
