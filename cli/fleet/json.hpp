#pragma once

#include <cstddef>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room_list.hpp>

// Writes values as JSON. Binary is {"$binary":"<base64>"}, as socketio-emit reads it.
namespace socketio::cli::fleet::json {

/// Appends one packed value; null when it is empty.
void append_value(Buffer& out, Bytes packed);
/// Appends the elements of a packed array except the first `skip`, with commas between.
void append_items(Buffer& out, Bytes array, std::size_t skip);
/// Appends the first element of a packed array.
void append_first(Buffer& out, Bytes array);
/// Appends the rooms as they are in the message: numbers stay numbers.
void append_rooms(Buffer& out, const RoomList& names, Bytes packed);
/// Appends {"volatile":true}
void append_flags(Buffer& out, const Flags& flags);

}  // namespace socketio::cli::fleet::json
