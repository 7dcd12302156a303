#pragma once

#include <cstdint>

#include <socketio/common/buffer.hpp>

// Dates as JavaScript writes them.
namespace socketio::js_date {

/// Appends the result of Date.prototype.toISOString: "2023-11-14T22:13:20.123Z", years outside 0 ... 9999 with a sign and six
/// digits. Returns false and appends nothing when JavaScript has no such date (more than 8.64e15 ms from 1970).
[[nodiscard]] bool append_iso(Buffer& out, std::int64_t milliseconds_since_1970);

}  // namespace socketio::js_date
