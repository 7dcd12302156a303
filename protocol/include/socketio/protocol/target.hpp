#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/export.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>

namespace socketio {

/// What an operation is addressed to.
struct Target {
  std::string nsp = "/";
  std::vector<Room> rooms = {};   ///< without duplicates; empty: every socket of the namespace
  std::vector<Room> except = {};  ///< without duplicates
  Flags flags = {};
};

namespace target {

/// Adds the rooms that are not there yet; the first occurrence keeps its place. Throws Error(bad_utf8), and Error(too_large)
/// above limits::rooms_max.
SOCKETIO_API void add_rooms(std::vector<Room>& rooms, std::span<const Room> added);

/// The name of a namespace: "/" is put in front unless it is there. Throws Error(bad_utf8).
SOCKETIO_API std::string namespace_name(std::string_view nsp);

}  // namespace target
}  // namespace socketio
