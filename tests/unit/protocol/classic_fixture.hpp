#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/room_list.hpp>

#include "support/golden.hpp"

// What the tests of the classic codecs share: the golden notation's rooms, flags and arguments in our types, and back.
namespace fixture {

/// A list of rooms in the notation; a single room counts as a list of one, an absent one as empty.
std::vector<socketio::Room> rooms(const golden::Json& value);
std::vector<socketio::Room> rooms(const golden::Json& vector, const char* member);
/// The rooms of a received list, all of them as text.
std::vector<socketio::Room> rooms(const socketio::RoomList& list);
std::vector<std::string> names(const socketio::RoomList& list);

socketio::Flags flags(const golden::Json& object);
socketio::Flags flags(const golden::Json& vector, const char* member);

/// `args` packed as the data of an event.
socketio::Buffer packed(const golden::Json& args);

std::string text(const golden::Json& vector, const char* member, const std::string& otherwise = {});

/// Bytes written as hexadecimal digits, with spaces for the eye.
std::vector<std::uint8_t> bytes(std::string_view hex);

}  // namespace fixture
