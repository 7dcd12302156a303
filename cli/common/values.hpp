#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/room.hpp>

// Converts values on the command line for the fleet.
namespace socketio::cli::values {

/// Appends [event, args...]. Each argument is JSON, where {"$binary":"<base64>"} is binary; "@path" is the content of a file,
/// "@-" that of standard input. With `plain`, each argument is a string, unchanged.
///
/// Fails      Failure(usage) with a sentence that names the argument and shows how to quote it. `out` is undefined then.
void pack_event(Buffer& out, std::string_view event, std::span<const std::string> arguments, bool plain);

/// Appends the content of a file, or of standard input for "-".
///
/// Fails      Failure(usage) when it does not exist, cannot be read, is a folder, or has more than `size_max` bytes.
void read_file(Buffer& out, const std::string& path, std::size_t size_max);

/// The number of --room-number, written as in JSON.
Room numeric_room(const std::string& text);

/// Adds a value unless the list already contains it.
template <typename Value>
void add_once(std::vector<Value>& list, Value value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) {
    list.push_back(std::move(value));
  }
}

}  // namespace socketio::cli::values
