#pragma once

#include <chrono>
#include <cstdint>

#include <socketio/common/buffer.hpp>

#include "message.hpp"

// Messages as lines.
namespace socketio::cli::fleet::show {

using Time = std::chrono::system_clock::time_point;

/// When a stream's entry was added, as its id says; else `now`.
[[nodiscard]] Time time_of(const Message& message, Time now);

/// Appends one line for people. Nothing in it can play with a terminal; arguments are cut.
void append_text(Buffer& out, const Message& message, Time time, bool verbose);
/// Appends one JSON object and a line feed: everything, uncut.
void append_json(Buffer& out, const Message& message, Time time);

/// It does something when it is said again: broadcasts, joins, leaves, disconnects, and events for servers that want no answer.
[[nodiscard]] bool is_recorded(const Message& message) noexcept;
/// Appends a batch line of socketio-emit with the member "at_ms". False, with nothing appended, when a batch has no form for
/// such a message: it is meant for rooms that have no names, its event has none, or an argument is an object whose only member
/// is "$binary", which would come back as bytes.
bool append_recorded(Buffer& out, const Message& message, std::uint64_t at_ms);

}  // namespace socketio::cli::fleet::show
