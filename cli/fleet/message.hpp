#pragma once

#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/room_list.hpp>

#include "options.hpp"

namespace socketio::cli::fleet {

enum class Kind : std::uint8_t {
  broadcast,
  join,
  leave,
  disconnect,
  fetch_sockets,  ///< a request for sockets
  fetch_ids,      ///< a request for ids, of the older generation
  fetch_rooms,    ///< a request for rooms
  server_side,    ///< an event for the servers
  sockets,        ///< a response: sockets, or ids
  rooms,          ///< a response: rooms
  server_side_answer,
  client_count,  ///< a response to a broadcast that expects acks
  client_ack,    ///< a response with the ack of one client
  done,          ///< a response without content
  heartbeat,     ///< from adapters that this tool does not support
  malformed,
};
[[nodiscard]] std::string_view name_of(Kind kind) noexcept;

/// One message of the bus. Views point into its payload or a scratch buffer, and are valid until the next message is read.
struct Message {
  Bus bus = Bus::classic;
  Kind kind = Kind::malformed;
  std::string_view channel;  ///< channel, or stream
  std::string_view entry;    ///< id of a stream entry
  std::size_t bytes = 0;     ///< size of the payload

  std::string_view uid;
  std::string_view nsp;
  std::optional<std::string_view> request_id;  ///< of a request that expects a response, and of its responses
  RoomList to;
  RoomList except;
  RoomList rooms;  ///< rooms to join or leave
  Flags flags;
  Bytes to_packed;  ///< the same lists as received, with numbers as numbers
  Bytes except_packed;
  Bytes rooms_packed;
  Bytes event;  ///< [name, arguments...]
  Bytes value;  ///< content of a response
  std::optional<std::uint64_t> count;
  bool close = false;

  DecodeError error{};  ///< of Kind::malformed
};

/// The text of a name; a number as JavaScript writes it.
[[nodiscard]] std::string event_name(const event_data::Name& name);

[[nodiscard]] bool is_answer(Kind kind) noexcept;

/// Decodes the messages of all three families. One object reuses its memory.
class Decoder {
 public:
  /// Each call replaces the message; `nsp` is the namespace in the channel's name. The result is always a message: a malformed
  /// one has an error.
  const Message& classic_broadcast(std::string_view channel, Bytes payload);
  const Message& classic_request(std::string_view channel, std::string_view nsp, Bytes payload);
  const Message& classic_response(std::string_view channel, std::string_view nsp, Bytes payload);
  const Message& cluster(Bus bus, std::string_view channel, Bytes payload);
  /// The fields of a stream entry.
  struct Entry {
    std::string_view stream;
    std::string_view id;
    std::string_view uid;
    std::string_view nsp;
    std::string_view type;
    std::string_view data;
  };
  const Message& stream_entry(const Entry& entry);

 private:
  Message& begin(Bus bus, std::string_view channel, std::size_t bytes);
  const Message& malformed(DecodeError error);
  void read_cluster(int type, Bytes data);

  Message message_;
  Buffer scratch_;
  Buffer text_;
};

}  // namespace socketio::cli::fleet
