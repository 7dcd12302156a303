#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

// The golden vectors in tests/golden, and the notation they are written in (tests/golden/README.md).
namespace golden {

using Json = nlohmann::ordered_json;

/// All vectors of tests/golden/<name>.json. Read once per process.
const Json& file(std::string_view name);
/// One vector by its name; fails the test program when there is none.
const Json& vector(std::string_view file_name, std::string_view vector_name);

/// The bytes of `payload_hex` or `payload_parts` (with another prefix than "payload" when given).
std::vector<std::uint8_t> payload(const Json& vector, std::string_view prefix = "payload");
std::vector<std::uint8_t> from_hex(std::string_view hex);
std::string to_hex(socketio::Bytes bytes);

/// Appends a value in the golden notation as msgpack, the way notepack.io 3 would (used for inputs of encoders), but without
/// its defects: doubles for integers out of range, U+FFFD for lone surrogates, nil for an invalid date. Throws
/// std::runtime_error for what has no encoding (functions, symbols, bigints).
void append_packed(socketio::Buffer& out, const Json& value);

/// Thrown when the bytes are not a msgpack value.
struct Rejected : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads msgpack back into the golden notation, as JavaScript sees it: numbers as doubles, last member wins, undefined, dates,
/// unknown extensions as pairs. For comparing decoders by value. Throws Rejected.
Json to_notation(socketio::Bytes packed);

/// The two generations of the encoder.
enum class Notepack { v2, v3 };

/// The value that a reader gets after `value` went through that encoder: version 3 turns undefined into null or leaves it out,
/// and both lose the sign of -0 and the element type of typed arrays.
Json as_read(const Json& value, Notepack generation);

}  // namespace golden
