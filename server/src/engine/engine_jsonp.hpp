#pragma once

#include <string_view>

#include <socketio/common/buffer.hpp>

// Long polling through script tags, for browsers that had no other way to reach another origin.
//
//   GET   ___eio[3]("4hello");
//   POST  d=4hello\nworld         a form; `\n` (two characters) stands for a line feed, `\\n` for those two characters
//
// Source: docs/wire_server.md, "Long polling".
namespace socketio::server::engine_jsonp {

/// Appends the script. `index`: digits.
void encode(Buffer& out, std::string_view index, std::string_view body);
/// Appends the body contained in a form; nothing when it has no field `d`.
void decode(Buffer& out, std::string_view form);

}  // namespace socketio::server::engine_jsonp
