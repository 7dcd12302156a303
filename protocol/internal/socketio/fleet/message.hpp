#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/common/result.hpp>
#include <socketio/fleet/operation.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/room_list.hpp>
#include <socketio/protocol/selector.hpp>

// The messages that the processes of a fleet exchange, besides Operation: the same for each transport. A Dialect encodes and
// decodes them.
namespace socketio::fleet {

/// A request to the servers of a namespace. Borrows everything.
struct Request {
  enum class Kind : std::uint8_t {
    acks,     ///< clients receive an event and acknowledge it
    sockets,  ///< the sockets of a target
    ids,      ///< their ids; some servers respond with whole sockets
    rooms,    ///< the names of all rooms; some servers respond with their sockets
    server_side,
  };
  Kind kind;
  std::string_view id;
  const Target& target;
  Bytes event = {};  ///< acks, server_side: packed [event, args...]
};

/// A server's response to a request. Borrows everything.
struct Response {
  enum class Kind : std::uint8_t {
    client_count,  ///< to acks: the number of clients that received the event
    ack,           ///< to acks: one client's
    value,         ///< to a server-side event
    sockets,
    ids,
    rooms,
    done,  ///< to an operation of an older generation
  };
  Kind kind;
  std::string_view request_id = {};
  std::string_view requester = {};    ///< uid of the process that sent the request; may be empty in a classic fleet
  std::size_t count = 0;              ///< client_count, and the number of sockets
  Bytes value = {};                   ///< ack, value: one packed value, or empty for undefined
  Bytes sockets = {};                 ///< sockets: as Dialect::sockets_are_json(); ids: packed sockets
  std::span<const Room> rooms = {};
};

/// A received message: an operation, a request or a response. Views point into the payload or the dialect's memory, and are
/// valid until the dialect decodes the next message.
struct Message {
  enum class Kind : std::uint8_t {
    emit,  ///< these five have the order of Operation::Kind
    join,
    leave,
    disconnect,
    server_side,
    fetch_sockets,  ///< requests
    fetch_ids,
    fetch_rooms,
    sockets,  ///< responses; `sockets` may be ids
    rooms,
    value,
    client_count,
    ack,
    done,
  };
  Kind kind = Kind::emit;
  bool close = false;                          ///< disconnect
  int type = 0;                                ///< as sent; also of a message whose type is unknown
  std::string_view uid;                        ///< of the sender; empty if the message does not contain it
  std::string_view nsp;                        ///< empty if the message does not contain it
  std::optional<std::string_view> request_id;  ///< of a request, and of its responses; an emit with one requests acks
  std::string_view sid;                        ///< join, leave and disconnect of older generations: the id of the only socket
  selector::View target;
  RoomList rooms;                       ///< join, leave: the rooms
  Bytes event;                          ///< emit, server_side: packed [event, args...]
  Bytes value;                          ///< ack, value: one packed value, or empty for undefined; sockets, rooms: a packed array
  std::uint64_t client_count = 0;       ///< client_count
  std::optional<std::uint64_t> ack_id;  ///< emit: the id under which the sender asks its own clients for an ack
  Bytes packed;                         ///< the map whose members are `opts` and `rooms`, except of a classic broadcast
  DecodeError error{};                  ///< of a malformed message

  [[nodiscard]] bool is_response() const noexcept { return kind >= Kind::sockets; }
};

/// The fields of a stream's entry; missing ones are empty.
struct Entry {
  std::string_view uid;
  std::string_view nsp;
  std::string_view type;
  std::string_view data;  ///< JSON, or msgpack as base64
};

}  // namespace socketio::fleet
