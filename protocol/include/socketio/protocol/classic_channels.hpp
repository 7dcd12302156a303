#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/export.hpp>
#include <socketio/protocol/room.hpp>

// The Redis channels of the classic family, for a prefix K, a namespace N, a room R and a node's uid U.
//
//   broadcasts   K#N#          none, or two and more rooms      received through the pattern K#N#*
//                K#N#R#        exactly one room                 (the same)
//   requests     K-request#N#
//   responses    K-response#N#                                  all nodes
//                K-response#N#U#                                one node
//
// Text goes in as it is, whatever it contains: only the pattern has characters that need escaping.
//
// Source: docs/wire.md, "Names" and "Glob characters in the pattern"; golden names in tests/golden/classic-emitter.json.
namespace socketio::classic_channels {

/// `rooms` are free of duplicates: their number decides on the form of the name.
SOCKETIO_API void append_broadcast(Buffer& out, std::string_view key, std::string_view nsp, std::span<const Room> rooms);
SOCKETIO_API void append_request(Buffer& out, std::string_view key, std::string_view nsp);
SOCKETIO_API void append_response(Buffer& out, std::string_view key, std::string_view nsp);
SOCKETIO_API void append_specific_response(Buffer& out, std::string_view key, std::string_view nsp, std::string_view uid);

/// The pattern that matches all broadcast channels of a namespace and nothing else: each of * ? [ ] \ ^ in `key` and `nsp` is
/// escaped with a backslash. (JavaScript nodes do not escape, and hear nothing in a namespace such as "/[x]".)
SOCKETIO_API void append_pattern(Buffer& out, std::string_view key, std::string_view nsp);

/// What the channel of a received broadcast tells before anything is decoded: nothing when it does not belong to this prefix
/// and namespace; else the room of which a node needs a member to be concerned, or empty text when every node is. Only a
/// filter: the message itself decides who receives. Borrowed from `channel`.
[[nodiscard]] SOCKETIO_API std::optional<std::string_view> room_filter(std::string_view channel, std::string_view key,
                                                                       std::string_view nsp) noexcept;

/// Whole names are compared, never prefixes: a node of "/" has no business with the requests of "/#x".
[[nodiscard]] SOCKETIO_API bool is_request(std::string_view channel, std::string_view key, std::string_view nsp) noexcept;
[[nodiscard]] SOCKETIO_API bool is_response(std::string_view channel, std::string_view key, std::string_view nsp) noexcept;
[[nodiscard]] SOCKETIO_API bool is_specific_response(std::string_view channel, std::string_view key, std::string_view nsp,
                                                     std::string_view uid) noexcept;

}  // namespace socketio::classic_channels
