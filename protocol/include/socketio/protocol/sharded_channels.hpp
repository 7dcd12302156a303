#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/export.hpp>
#include <socketio/protocol/room.hpp>

// The Redis channels of the sharded family, for a prefix C and a namespace N. The streams family uses the same names, but none
// for rooms.
//
//   main          C#N#         every server
//   private       C#N#U#       the one process whose uid is U: answers to what it asked
//   one room      C#N#R#       servers with a member, in the dynamic modes
//
// Source: docs/wire.md, "Channels" and "Subscription modes"; golden names in tests/golden/sharded-adapter.json.
namespace socketio {

/// Which rooms have a channel of their own. All servers of a fleet need the same.
enum class SubscriptionMode : std::uint8_t {
  only_static,      ///< none: `static`
  dynamic,          ///< all but those of single sockets
  dynamic_private,  ///< all
};

namespace sharded_channels {

SOCKETIO_API void append_main(Buffer& out, std::string_view prefix, std::string_view nsp);
/// `name`  the uid of a process, or the name of a room.
SOCKETIO_API void append_named(Buffer& out, std::string_view prefix, std::string_view nsp, std::string_view name);

/// The channel that `socketio-fleet tap` subscribes to besides the main one, where it counts as a server: so that whoever
/// counts servers can subtract the taps. No namespace begins as its second part does.
SOCKETIO_API void append_tap(Buffer& out, std::string_view prefix, std::string_view nsp);

/// The pattern that matches all channels of a namespace but the main one.
SOCKETIO_API void append_pattern(Buffer& out, std::string_view prefix, std::string_view nsp);

/// The namespace of a channel that is `start`, a namespace and # and nothing else: "/chat" of "socket.io#/chat#" behind
/// "socket.io#". Nothing when it is another channel, or it cannot be told (the namespace has a #). Borrowed from `channel`.
[[nodiscard]] SOCKETIO_API std::optional<std::string_view> namespace_of(std::string_view channel,
                                                                        std::string_view start) noexcept;

/// Whether a broadcast to that room alone goes to the room's channel. In the dynamic mode rooms that look like the id of a
/// socket (text of 20 UTF-16 units) have none.
[[nodiscard]] SOCKETIO_API bool has_channel(SubscriptionMode mode, const Room& room) noexcept;

}  // namespace sharded_channels
}  // namespace socketio
