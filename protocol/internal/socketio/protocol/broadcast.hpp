#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/room_list.hpp>
#include <socketio/protocol/selector.hpp>

// The message one node publishes so that every other node emits a packet to its sockets.
//
//   [uid, {type, data, id?, nsp}, {rooms, except, flags}]     one msgpack array, 3 items
//
// Source: docs/wire.md, "Broadcast message"; golden bytes in tests/golden/classic-adapter.json, classic-emitter.json and
// classic-receive.json.
namespace socketio::broadcast {

using selector::OptionsOrder;

/// The uid of a process that publishes but is not a server: no server takes its messages for its own.
inline constexpr std::string_view emitter_uid = "emitter";

/// A broadcast to be sent. Everything is borrowed until encode() returns. Text is valid UTF-8.
struct Outgoing {
  std::string_view uid = emitter_uid;
  std::string_view nsp = "/";
  Bytes data = {};                    ///< msgpack array [event, args...]: well formed, with a name that is not reserved
  std::span<const Room> rooms = {};   ///< free of duplicates; empty means every socket in `nsp`
  std::span<const Room> except = {};  ///< free of duplicates
  Flags flags = {};
  std::optional<std::uint64_t> id = {};  ///< packet id under which clients are asked for an ack
  OptionsOrder order = OptionsOrder::emitter;
};

/// Appends the message.
///
/// Cost       each of the three items is measured, then written in one go. Allocates only for `out`.
void encode(Buffer& out, const Outgoing& message);

/// A decoded broadcast without the sockets it addresses. Every view points into the bytes given to decode(), which must outlive
/// it. Nothing is copied.
struct Head {
  std::string_view uid;             ///< publishing node; "emitter" for a process that is not a server; empty if it is not text
  std::string_view nsp;             ///< "/" when the sender left it out; empty, which is no namespace, if it is not text
  Bytes data;                       ///< msgpack array [event, args...], still encoded; see event_data::name()
  std::optional<std::uint64_t> id;  ///< packet id under which clients are asked for an ack
};
struct View : Head, selector::View {};

/// Reads one broadcast message.
///
/// `payload`  the whole Redis payload; borrowed, see View.
/// Fails      truncated, bad_syntax, trailing_bytes, too_deep; too_large (the message, or a list of rooms); missing_field,
///            wrong_type, bad_value for a packet that makes clients disconnect: only events pass, with a name that is text or
///            a finite number and not reserved. Unknown members and further elements are skipped: a newer peer may add them.
/// Cost       one pass; allocates only for `rooms` and `except`.
[[nodiscard]] Result<View> decode(Bytes payload);
[[nodiscard]] Result<void> decode(Bytes payload, Head& head, selector::View& target);

/// Reads only the uid, so that a node can drop its own messages before decoding them. Empty when the uid is not text, or the
/// message is malformed.
[[nodiscard]] std::string_view peek_uid(Bytes payload) noexcept;

}  // namespace socketio::broadcast
