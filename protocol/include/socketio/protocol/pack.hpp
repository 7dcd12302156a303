#pragma once

#include <cstdint>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>

// Appends single msgpack items, in the forms that the JavaScript peers choose: the shortest one everywhere, unsigned forms for
// all integers from 0 up, 64 bit for all floating point.
//
// Source: docs/wire.md, "notepack.io 3"; golden bytes in tests/golden/msgpack-notepack3.json.
//
// No function fails except by std::bad_alloc. Each makes one append.
namespace socketio::pack {

SOCKETIO_API void nil(Buffer& out);
SOCKETIO_API void boolean(Buffer& out, bool value);
SOCKETIO_API void unsigned_integer(Buffer& out, std::uint64_t value);
SOCKETIO_API void integer(Buffer& out, std::int64_t value);
/// A JavaScript number: integral values within -2^63 ... 2^64 - 1 become integers (-0 becomes 0), all others doubles.
SOCKETIO_API void number(Buffer& out, double value);
/// Appends a double in eight bytes, even if it is integral.
SOCKETIO_API void float64(Buffer& out, double value);
/// `value` is not checked: check or repair its UTF-8 first.
SOCKETIO_API void text(Buffer& out, std::string_view value);
SOCKETIO_API void binary(Buffer& out, Bytes value);
SOCKETIO_API void text_header(Buffer& out, std::uint32_t size);
SOCKETIO_API void binary_header(Buffer& out, std::uint32_t size);
SOCKETIO_API void array_header(Buffer& out, std::uint32_t count);
SOCKETIO_API void map_header(Buffer& out, std::uint32_t count);
/// A JavaScript Date: extension type -1, in its 32, 64 or 96 bit form.
SOCKETIO_API void date(Buffer& out, std::int64_t milliseconds_since_1970);
/// Appends a JavaScript Date with nanosecond precision; `nanoseconds` is below 10^9.
SOCKETIO_API void timestamp(Buffer& out, std::int64_t seconds, std::uint32_t nanoseconds);

}  // namespace socketio::pack
