#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/target.hpp>

namespace socketio {

/// An operation on the sockets of a target, or a server-side event for the servers of its namespace. Borrows everything.
struct Operation {
  enum class Kind : std::uint8_t { emit, join, leave, disconnect, server_side };
  Kind kind;
  const Target& target;
  Bytes data = {};                   ///< emit, server_side: packed [event, args...]
  std::span<const Room> rooms = {};  ///< join, leave: the rooms
  bool close = false;                ///< disconnect: close the whole connection

  static Operation emit(const Target& target, Bytes data) noexcept { return {Kind::emit, target, data}; }
  static Operation join(const Target& target, std::span<const Room> rooms) noexcept {
    return {Kind::join, target, {}, rooms};
  }
  static Operation leave(const Target& target, std::span<const Room> rooms) noexcept {
    return {Kind::leave, target, {}, rooms};
  }
  static Operation disconnect(const Target& target, bool close) noexcept { return {Kind::disconnect, target, {}, {}, close}; }
  static Operation server_side(const Target& target, Bytes data) noexcept { return {Kind::server_side, target, data}; }
};

/// A message as it is published. Views are valid until the object that encoded it encodes the next one.
struct Publication {
  enum class Command : std::uint8_t {
    publish,          ///< PUBLISH channel payload
    publish_sharded,  ///< SPUBLISH channel payload
    add_entry,        ///< XADD: `words`
  };
  std::string_view channel = {};  ///< name of the stream for add_entry
  Bytes payload = {};             ///< the entry's field `data` for add_entry
  Command command = Command::publish;
  std::span<const std::string_view> words = {};  ///< the whole command for add_entry
};

/// "PUBLISH", "SPUBLISH" or "XADD".
[[nodiscard]] SOCKETIO_API std::string_view name_of(Publication::Command command) noexcept;

/// Copy of an operation that owns its data, for an operation that is performed later.
struct OwnedOperation {
  Operation::Kind kind = Operation::Kind::emit;
  Target target = {};
  std::vector<Room> rooms = {};
  bool close = false;
  Buffer data = {};

  OwnedOperation() = default;
  explicit OwnedOperation(const Operation& operation)
      : kind(operation.kind),
        target(operation.target),
        rooms(operation.rooms.begin(), operation.rooms.end()),
        close(operation.close) {
    data.append(operation.data);
    target.applied = nullptr;
  }
  [[nodiscard]] Operation view() const noexcept { return {kind, target, data.bytes(), rooms, close}; }
};

}  // namespace socketio
