#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/room_list.hpp>

// Responses of the nodes of a classic fleet. JSON text, except an ack, which is msgpack.
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

/// A socket to be listed in a response. Everything is borrowed.
struct OutgoingSocket {
  std::string_view id = {};
  Bytes handshake = {};              ///< msgpack map with the members that the wire document lists
  std::span<const Room> rooms = {};  ///< includes its own id
  Bytes data = {};                   ///< one msgpack value that the application stores with the socket
};

// Each function appends one message. Text is valid UTF-8, msgpack values are well formed. Values in JSON messages are converted
// as JSON.stringify does. Where one cannot be read, the encoder fails as transcode::msgpack_to_json() does, and `out` is
// unchanged.

void encode_socket_ids(Buffer& out, std::string_view request_id, std::span<const std::string_view> ids);
void encode_rooms(Buffer& out, std::string_view request_id, std::span<const Room> rooms);
void encode_done(Buffer& out, std::string_view request_id);
Result<void> encode_sockets(Buffer& out, std::string_view request_id, std::span<const OutgoingSocket> sockets);
/// encode_sockets() for sockets that are already JSON: {id, handshake, rooms, data} each, separated by commas.
void encode_sockets_json(Buffer& out, std::string_view request_id, std::string_view sockets);
/// `value`    one msgpack value; empty for undefined.
Result<void> encode_server_side_answer(Buffer& out, std::string_view request_id, Bytes value);
void encode_client_count(Buffer& out, std::string_view request_id, std::uint64_t client_count);
/// `value`    one msgpack value, the first argument of the client's ack; empty if it had none.
void encode_ack(Buffer& out, std::string_view request_id, Bytes value);

enum class Type : std::uint8_t {
  untyped = 0,             ///< the pending request determines the kind of the response
  server_side_answer = 6,  ///< the same; the type is sent, but not used
  client_count = 8,
  ack = 9,
};

/// A response whose request is not looked up yet. Every view points into the bytes or the scratch buffer given to decode(),
/// which must outlive it. Members are one encoded msgpack item each, empty when absent or nil.
struct View {
  std::string_view request_id;
  Type type = Type::untyped;
  std::uint64_t client_count = 0;  ///< only Type::client_count
  Bytes sockets;                   ///< an array; read it with NameReader (response to 0) or SocketReader (response to 5)
  Bytes rooms;                     ///< an array; read it with NameReader
  Bytes data;                      ///< value of a response to 6
  Bytes packet;                    ///< only Type::ack: the client's ack
};

/// Reads the members that all responses share, JSON or msgpack. Most are for other nodes: look up `request_id` first.
///
/// `payload`  the whole Redis payload; borrowed, see View.
/// `scratch`  receives the msgpack form of a JSON payload; its previous content is discarded. Not part of `payload`.
/// Fails      truncated, bad_syntax, trailing_bytes, too_deep, too_large; missing_field, wrong_type, bad_value. In a JSON
///            payload the offset is 0 unless the text itself is malformed.
[[nodiscard]] Result<View> decode(Bytes payload, Buffer& scratch);

/// Finds the request id at the start of a JSON response, or after its type, without reading the rest: most responses are for
/// other nodes. nullopt when the id is not found there, and the whole response must be decoded.
[[nodiscard]] std::optional<std::string_view> peek_request_id(Bytes payload) noexcept;

/// Reads a list of names (View::sockets, View::rooms) one by one, in the text form of RoomList. Elements that are not names are
/// skipped and counted.
class NameReader {
 public:
  /// `list` is borrowed, and exactly one item: an absent member cannot be read.
  explicit NameReader(Bytes list) noexcept;

  /// Returns false at the end, or when the list cannot be read; then ok() is false. `name` is valid until the next call.
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

/// A socket as another node describes it: members may be missing.
struct Socket {
  std::string_view id;
  Bytes handshake;     ///< a msgpack map; empty when there was none
  RoomList rooms;      ///< empty when there was no list
  Bytes packed_rooms;  ///< the list as received, in which rooms may be numbers; empty when there was none
  Bytes data;          ///< one msgpack value; empty when absent or nil
};

/// Reads the sockets of a response to 5 one by one. Elements without an id (JavaScript nodes do send null) are skipped and
/// counted; other members that are absent or malformed stay empty.
class SocketReader {
 public:
  /// `list` is borrowed, and exactly one item: an absent member cannot be read.
  explicit SocketReader(Bytes list) noexcept;

  /// Returns false at the end, or when the list cannot be read; then ok() is false. The previous content of `socket` is
  /// discarded.
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
