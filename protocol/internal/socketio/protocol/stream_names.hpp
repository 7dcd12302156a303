#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/fleet/fleet.hpp>

// The Redis streams of the streams family.
//
//   one stream       S
//   n streams        S-0 ... S-(n-1)      the hash of a namespace selects its stream
//   (negative hash)  S--k                 not read by the reference implementation
//
// Source: docs/wire.md, "Streams and channels"; golden names in tests/golden/streams-names.json.
namespace socketio::stream_names {

/// Java's hash of a text, over its UTF-16 units. `text` is valid UTF-8.
[[nodiscard]] std::int32_t hash_of(std::string_view text) noexcept;

/// Appends the name of the stream that a namespace's messages go to. The index may be negative: JavaScript's remainder has the
/// sign of the hash.
void append(Buffer& out, const Fleet& fleet, std::string_view nsp);

/// All streams that the reference implementation reads: one name, or S-0 ... S-(n-1).
[[nodiscard]] std::vector<std::string> all(const Fleet& fleet);

}  // namespace socketio::stream_names
