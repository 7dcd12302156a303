#pragma once

#include <cstdint>
#include <span>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/room_list.hpp>

// The sockets that a message addresses, and its flags: the third element of a broadcast, the `opts` of a request.
//
//   {rooms: [...], except: [...], flags: {...}}      sockets in any of `rooms`, or all if there are none; minus those in
//                                                    `except`
//
// Source: docs/wire.md, "Broadcast message"; golden bytes in tests/golden/classic-adapter.json and classic-emitter.json.
namespace socketio::selector {

/// Order of the members, which differs between senders. It matters only where bytes are compared.
enum class OptionsOrder : std::uint8_t {
  adapter,         ///< rooms, except, flags
  emitter,         ///< rooms, flags, except
  legacy_emitter,  ///< rooms, flags: the older generation has no except
};

/// A selection to be sent. Everything is borrowed.
struct Target {
  std::span<const Room> rooms = {};   ///< free of duplicates
  std::span<const Room> except = {};  ///< free of duplicates
  Flags flags = {};
};

/// A selection as received. The lists borrow from the message.
struct View {
  RoomList rooms;   ///< empty means every socket of the namespace
  RoomList except;  ///< rooms whose sockets are skipped
  Flags flags;
};

/// Appends the msgpack map. Grows `out` at most once.
void append_packed(Buffer& out, const Target& target, OptionsOrder order);

/// Appends {"rooms":[...],"except":[...]}: requests in JSON carry no flags.
void append_json(Buffer& out, const Target& target);

/// Appends {"rooms":[...],"except":[...],"flags":{...}}.
void append_json_with_flags(Buffer& out, const Target& target);

/// Appends ["text",42]. Invalid UTF-8 in names is repaired.
void append_json_rooms(Buffer& out, std::span<const Room> rooms);

/// Reads the map; the previous content of `view` is discarded. Absent and nil lists are empty. Unknown members and flags are
/// skipped, and so are flags that are not a map. Of repeated members the last one counts.
///
/// Fails      truncated, wrong_type, too_deep, too_large; see Cursor.
bool read(Cursor& cursor, View& view);

}  // namespace socketio::selector
