#pragma once

#include <optional>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/fleet/fleet.hpp>
#include <socketio/protocol/room.hpp>

// The Redis channels of the sharded family, for a prefix C and a namespace N. The streams family uses the same names, but none
// for rooms.
//
//   main          C#N#         every server
//   private       C#N#U#       the one process whose uid is U: responses to its requests
//   one room      C#N#R#       servers with a member, in the dynamic modes
//
// Source: docs/wire.md, "Channels" and "Subscription modes"; golden names in tests/golden/sharded-adapter.json.
namespace socketio::sharded_channels {

void append_main(Buffer& out, std::string_view prefix, std::string_view nsp);
/// `name`  the uid of a process, or the name of a room.
void append_named(Buffer& out, std::string_view prefix, std::string_view nsp, std::string_view name);

/// The channel that `socketio-fleet tap` subscribes to besides the main one, on which it counts as a server. A process that
/// counts servers subtracts the subscribers of this channel. No namespace begins with its second part, `tap`.
void append_tap(Buffer& out, std::string_view prefix, std::string_view nsp);

/// The pattern that matches all channels of a namespace but the main one.
void append_pattern(Buffer& out, std::string_view prefix, std::string_view nsp);

/// The namespace of a channel that consists of `start`, a namespace and #: "/chat" for "socket.io#/chat#" with the start
/// "socket.io#". nullopt for any other channel, and for a namespace with a #, which is ambiguous. Borrowed from `channel`.
[[nodiscard]] std::optional<std::string_view> namespace_of(std::string_view channel, std::string_view start) noexcept;

/// True if a broadcast to only that room goes to the room's channel. In the dynamic mode, rooms that look like the id of a
/// socket (text of 20 UTF-16 units) have no channel.
[[nodiscard]] bool has_channel(SubscriptionMode mode, const Room& room) noexcept;

}  // namespace socketio::sharded_channels
