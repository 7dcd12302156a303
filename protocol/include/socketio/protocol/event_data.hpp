#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/cursor.hpp>

// The data of an event: a msgpack array [name, arguments...] that stays encoded.
//
// Source: docs/wire.md, "Broadcast message" and "Ignoring, surviving, and not killing others".
namespace socketio::event_data {

/// The name of an event, which JavaScript allows to be a number.
struct Name {
  Kind kind = Kind::text;  ///< text, binary, integer or real
  std::string_view text;   ///< text and binary; borrowed. Binary is UTF-8: repack it as text before clients see it
  double number = 0;       ///< integer and real
};

/// Reads the name off the front of an array.
///
/// Fails      truncated, bad_syntax, wrong_type (not an array, or a first element that is no name), bad_value (an empty array;
/// a
///            number that is not finite).
/// Cost       a few bytes; the arguments are not looked at.
SOCKETIO_API Result<Name> name(Bytes data);

/// Passes over an array, checks it and its name, and returns the bytes it consists of; empty when it failed. Names for which
/// `reserved` is true fail with bad_value. The nesting is counted from the array itself.
SOCKETIO_API Bytes read(Cursor& cursor, bool (*reserved)(std::string_view));

/// Appends the array `data` with one more argument, a text: the offset that recovery needs. `data` is an array.
SOCKETIO_API void append_argument(Buffer& out, Bytes data, std::string_view text);

/// The last argument of the array `data`; empty when that is no text.
SOCKETIO_API std::string_view last_text(Bytes data) noexcept;

/// How deep [event, args...] of our own making may nest: messages put something around it.
inline constexpr std::size_t depth_max = limits::depth_max - 4;

/// For data of our own making: receivers trust what they get, so nothing leaves that is not [event, args...] with a name they
/// can bear, at most depth_max levels deep.
///
/// Returns    whether publishable() may have something to change.
/// Fails      throws Error(bad_arguments), Error(reserved_event).
SOCKETIO_API bool require(Bytes data, bool (*reserved)(std::string_view));
/// The same for the name alone. For senders that walk over the arguments anyway.
SOCKETIO_API void require_name(Bytes data, bool (*reserved)(std::string_view));
/// `packed` as it may be published, so that nothing in it ends a JavaScript server:
///  * without members named "__proto__", which set a prototype there; one that is binary or a date ends them. Members whose
///    names are arrays, which JavaScript makes text of, go with them;
///  * with timestamps (extension -1) in the three forms that msgpack has for them. Those of other sizes become [-1, bytes].
///
/// `packed`   well-formed values, one behind the other. Returned as it is, unless something must be changed.
/// `scratch`  takes the copy otherwise.
SOCKETIO_API Bytes publishable(Bytes packed, Buffer& scratch);

/// Puts U+FFFD in the place of each lone surrogate in the text of msgpack, for readers whose decoders take UTF-8 alone.
///
/// `packed`   msgpack, one item after the other; its size stays.
/// Cost       one search for a byte that only few texts have; one pass where it is found.
SOCKETIO_API void replace_surrogates(std::span<std::uint8_t> packed) noexcept;
/// Throws Error(bad_arguments) that tells what is wrong with the arguments.
[[noreturn]] SOCKETIO_API void refuse(DecodeError error);

}  // namespace socketio::event_data
