#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
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
  std::string_view text;   ///< text and binary; borrowed. Binary is UTF-8: repack it as text before sending it to clients
  double number = 0;       ///< integer and real
};

/// Reads the event's name, the first element of an array.
///
/// Fails      truncated, bad_syntax, wrong_type (not an array, or a first element that is not a name), bad_value (an empty
///            array; a number that is not finite).
/// Cost       reads a few bytes, not the arguments.
Result<Name> name(Bytes data);

/// Skips an array, checks it and its name, and returns its bytes; empty on failure. Names for which `reserved` is true fail
/// with bad_value. The nesting is counted from the array itself.
Bytes read(Cursor& cursor, bool (*reserved)(std::string_view));

/// Appends the array `data` with one more argument, a text: the offset that recovery needs. `data` is an array.
void append_argument(Buffer& out, Bytes data, std::string_view text);

/// The last argument of the array `data`; empty when that is not text.
std::string_view last_text(Bytes data) noexcept;

/// Maximum nesting of an [event, args...] that this library creates: messages add levels around it.
inline constexpr std::size_t depth_max = limits::depth_max - 4;

/// Checks data that this library is about to publish, because receivers do not check it: it must be [event, args...], at most
/// depth_max levels deep, with a name that receivers accept.
///
/// Returns    true if publishable() may have something to change.
/// Fails      throws Error(bad_arguments), Error(reserved_event).
bool require(Bytes data, bool (*reserved)(std::string_view));
/// Checks only the name, for senders that iterate over the arguments anyway.
void require_name(Bytes data, bool (*reserved)(std::string_view));
/// Returns `packed` in a form that is safe to publish, so that no JavaScript server crashes on it:
///  * without members named "__proto__", which set a prototype there; one whose value is binary or a date crashes them. Members
///    whose names are arrays, which JavaScript converts to text, are removed, too;
///  * with timestamps (extension -1) in the three forms that msgpack has for them. Those of other sizes become [-1, bytes].
///
/// `packed`   well-formed values, one after the other. Returned unchanged if nothing must be changed.
/// `scratch`  receives the changed copy.
Bytes publishable(Bytes packed, Buffer& scratch);

/// Checks like require(), and returns `data` in the form of publishable().
Bytes require_publishable(Bytes data, bool (*reserved)(std::string_view), Buffer& scratch);

/// Replaces each lone surrogate in the text of msgpack items with U+FFFD, for receivers whose decoders accept only UTF-8.
///
/// `packed`   msgpack, one item after the other; its size does not change.
/// Cost       one search for a byte that is rare in text; one pass if it is found.
void replace_surrogates(std::span<std::uint8_t> packed) noexcept;
/// Throws Error(bad_arguments) with a sentence that explains what is wrong with the arguments.
[[noreturn]] void refuse(DecodeError error);

}  // namespace socketio::event_data
