#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/export.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>

namespace socketio {

namespace server {
struct AppliedPart;
}

/// The sockets that an operation addresses, and its flags.
struct Target {
  std::string nsp = "/";
  std::vector<Room> rooms = {};   ///< without duplicates; empty: every socket of the namespace, unless `nobody`
  std::vector<Room> except = {};  ///< without duplicates
  Flags flags = {};
  bool nobody = false;  ///< true: an empty list of rooms was selected, and no room since; no socket is addressed
  bool local = false;   ///< in a server: only the sockets of this server
  /// In a server with several threads: the shard where the operation has taken effect before the adapter gets it. Adapters pass
  /// it to Shard, and do not keep it: it is valid during the call. Null for none.
  const server::AppliedPart* applied = nullptr;
};

namespace target {

/// Adds the rooms that are not there yet; the first occurrence keeps its place. Throws Error(bad_utf8), and Error(too_large)
/// above limits::rooms_max.
SOCKETIO_API void add_rooms(std::vector<Room>& rooms, std::span<const Room> added);

/// Adds rooms to the target, as `to()` does: an empty list selects no socket, unless another call has added or adds a room.
/// Throws as add_rooms().
SOCKETIO_API void select_rooms(Target& target, std::span<const Room> rooms);

/// The name of a namespace: "/" is put in front unless it is there. Throws Error(bad_utf8), and Error(bad_option) for a name
/// with a comma, which would end the name in a packet, so that no client could join such a namespace.
SOCKETIO_API std::string namespace_name(std::string_view nsp);

}  // namespace target
}  // namespace socketio
