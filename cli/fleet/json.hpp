#pragma once

#include <cstddef>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room_list.hpp>

// Pieces of JSON objects. Binary is {"$binary":"<base64>"}, as socketio-emit reads it.
namespace socketio::cli::fleet::json {

/// ,"name":"text"
void append_member(Buffer& out, std::string_view name, std::string_view text);
/// One packed value; null for none.
void append_value(Buffer& out, Bytes packed);
/// The elements of a packed array but for the first `skip`, with commas between.
void append_items(Buffer& out, Bytes array, std::size_t skip);
/// The first element of a packed array.
void append_first(Buffer& out, Bytes array);
/// `before`, and the rooms as the message has them: numbers stay numbers.
void append_rooms(Buffer& out, std::string_view before, const RoomList& names, Bytes packed);
/// ,"flags":{"volatile":true}
void append_flags(Buffer& out, const Flags& flags);

}  // namespace socketio::cli::fleet::json
