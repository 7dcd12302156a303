#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room_list.hpp>

#include "options.hpp"

namespace socketio::cli::fleet {

enum class Kind : std::uint8_t {
  broadcast,
  join,
  leave,
  disconnect,
  fetch_sockets,  ///< a question: which sockets
  fetch_ids,      ///< a question of the older generation: which ids
  fetch_rooms,    ///< a question: which rooms
  server_side,    ///< an event for the servers
  sockets,        ///< an answer: sockets, or ids
  rooms,          ///< an answer: rooms
  server_side_answer,
  client_count,  ///< an answer to a broadcast that expects acks
  client_ack,    ///< the same, of one client
  done,          ///< an answer that says nothing else
  heartbeat,     ///< of adapters that are not among those that the tool knows
  malformed,
};
[[nodiscard]] std::string_view name_of(Kind kind) noexcept;

/// One message of the bus. Views point into its payload or a scratch buffer, and are good until the next one is read.
struct Message {
  Bus bus = Bus::classic;
  Kind kind = Kind::malformed;
  std::string_view channel;  ///< or the stream
  std::string_view entry;    ///< the id of a stream's entry
  std::size_t bytes = 0;     ///< of the payload

  std::string_view uid;
  std::string_view nsp;
  std::optional<std::string_view> request_id;  ///< of a question that wants an answer, and of its answers
  RoomList to;
  RoomList except;
  RoomList rooms;  ///< that are joined or left
  Flags flags;
  Bytes to_packed;  ///< the same lists as they came: there, numbers are numbers
  Bytes except_packed;
  Bytes rooms_packed;
  Bytes event;  ///< [name, arguments...]
  Bytes value;  ///< of an answer
  std::optional<std::uint64_t> count;
  bool close = false;

  DecodeError error{};  ///< of Kind::malformed
};

[[nodiscard]] bool is_answer(Kind kind) noexcept;

/// Reads what the three families say. One object keeps the memory for it.
class Decoder {
 public:
  /// Each replaces the message; `nsp` is what the channel says. Whatever the bytes, the result is a message: a malformed one
  /// tells why.
  const Message& classic_broadcast(std::string_view channel, Bytes payload);
  const Message& classic_request(std::string_view channel, std::string_view nsp, Bytes payload);
  const Message& classic_response(std::string_view channel, std::string_view nsp, Bytes payload);
  const Message& cluster(Bus bus, std::string_view channel, Bytes payload);
  /// The fields of a stream's entry.
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
