#pragma once

#include <socketio/fleet/fleet.hpp>
#include <socketio/protocol/room_list.hpp>

#include "common/text.hpp"

// Names of the channels and streams of a fleet.
namespace socketio::cli::fleet::names {

/// Most bytes of a name that are shown to people.
inline constexpr std::size_t bytes_shown = 80;

/// A name of a room, event or channel for people.
inline std::string shown(std::string_view name) {
  return name == RoomList::nobody ? "(no name)" : name.empty() ? "\"\"" : text::excerpt(name, bytes_shown);
}

/// A random uid, in the form of those of JavaScript servers.
std::string new_uid();

/// The text escaped for a Redis pattern, so that it matches itself.
std::string escaped(std::string_view text);

std::string request_channel(std::string_view key, std::string_view nsp);   ///< classic: K-request#N#
std::string response_channel(std::string_view key, std::string_view nsp);  ///< classic: K-response#N#
std::string main_channel(std::string_view key, std::string_view nsp);      ///< K#N#: broadcasts, or messages for all servers

/// True if the name could be the uid of a sharded or streams adapter.
bool is_uid(std::string_view name) noexcept;
/// The last part of a channel after its namespace, such as "U" of "socket.io#/#U#"; empty when there is none.
std::optional<std::string_view> last_of(std::string_view channel, std::string_view key, std::string_view nsp);

std::string stream(const Fleet& fleet, std::string_view nsp);  ///< streams: the stream of the namespace
/// Index of a namespace's stream, as JavaScript servers compute it: it may be negative.
std::int64_t stream_index(std::string_view nsp, std::uint32_t count) noexcept;

}  // namespace socketio::cli::fleet::names
