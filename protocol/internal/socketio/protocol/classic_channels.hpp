#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/room.hpp>

// The Redis channels of the classic family, for a prefix K, a namespace N, a room R and a node's uid U.
//
//   broadcasts   K#N#          none, or two and more rooms      received through the pattern K#N#*
//                K#N#R#        exactly one room                 (the same)
//   requests     K-request#N#
//   responses    K-response#N#                                  all nodes
//                K-response#N#U#                                one node
//
// Text is inserted unchanged: only the pattern has characters that need escaping.
//
// Source: docs/wire.md, "Names" and "Glob characters in the pattern"; golden names in tests/golden/classic-emitter.json.
namespace socketio::classic_channels {

/// `rooms` have no duplicates: their number determines the form of the name.
void append_broadcast(Buffer& out, std::string_view key, std::string_view nsp, std::span<const Room> rooms);
void append_request(Buffer& out, std::string_view key, std::string_view nsp);
void append_response(Buffer& out, std::string_view key, std::string_view nsp);
void append_specific_response(Buffer& out, std::string_view key, std::string_view nsp, std::string_view uid);

/// The pattern that matches all broadcast channels of a namespace and nothing else: each of * ? [ ] \ ^ in `key` and `nsp` is
/// escaped with a backslash. (JavaScript nodes do not escape, and receive nothing in a namespace such as "/[x]".)
void append_pattern(Buffer& out, std::string_view key, std::string_view nsp);

/// Room in the channel of a received broadcast, to filter before decoding. nullopt: the channel does not belong to this prefix
/// and namespace. A room: a node without members of it can drop the message. Empty: every node must decode it. Only a filter:
/// the message itself determines which sockets receive. Borrowed from `channel`.
[[nodiscard]] std::optional<std::string_view> room_filter(std::string_view channel, std::string_view key,
                                                                       std::string_view nsp) noexcept;

/// Compares whole names, never prefixes: a node of "/" must not handle the requests of "/#x".
[[nodiscard]] bool is_request(std::string_view channel, std::string_view key, std::string_view nsp) noexcept;
[[nodiscard]] bool is_response(std::string_view channel, std::string_view key, std::string_view nsp) noexcept;
[[nodiscard]] bool is_specific_response(std::string_view channel, std::string_view key, std::string_view nsp,
                                                     std::string_view uid) noexcept;

}  // namespace socketio::classic_channels
