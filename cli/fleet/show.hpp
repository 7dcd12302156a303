#pragma once

#include "message.hpp"

// Formats messages as lines.
namespace socketio::cli::fleet::show {

using Time = std::chrono::system_clock::time_point;

/// Time at which a stream entry was added, from its id; `now` for other messages.
[[nodiscard]] Time time_of(const Message& message, Time now);

/// Appends one line for people, safe for a terminal; long arguments are cut.
void append_text(Buffer& out, const Message& message, Time time, bool verbose);
/// Appends one JSON object and a line feed: the whole message.
void append_json(Buffer& out, const Message& message, Time time);

/// True if repeating the message has an effect: broadcasts, joins, leaves, disconnects, and events for servers that expect no
/// response.
[[nodiscard]] bool is_recorded(const Message& message) noexcept;
/// Appends a batch line of socketio-emit with the member "at_ms". False, with nothing appended, when a batch line cannot
/// express the message: it is for rooms without names, its event has no name, or an argument is an object whose only member is
/// "$binary", which would be read as bytes.
bool append_recorded(Buffer& out, const Message& message, std::uint64_t at_ms);

}  // namespace socketio::cli::fleet::show
