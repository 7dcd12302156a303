#pragma once

#include <cstdint>

#include <socketio/common/buffer.hpp>

// Numbers as JavaScript writes them: the shortest digits that read back to the same double, plain up to 21 digits, exponents
// from 1e21 up and below 1e-6.
namespace socketio::js_number {

/// Appends String(value): "42", "1.5", "1e+21", "5e-324", "NaN", "Infinity"; -0 is "0".
void append(Buffer& out, double value);
void append(Buffer& out, std::int64_t value);
void append(Buffer& out, std::uint64_t value);

}  // namespace socketio::js_number
