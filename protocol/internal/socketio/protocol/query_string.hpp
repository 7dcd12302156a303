#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <socketio/common/buffer.hpp>

// The query of a URL, as Node's querystring.parse() reads it: `a=1&b=x+y&b=%41` is {a: "1", b: ["x y", "A"]}. Handshakes
// contain it, and clients of generation 2 send their auth in it.
//
// Source: docs/wire.md, "Sockets in fetch responses"; docs/wire_server.md, "Revision 3 clients".
namespace socketio::query_string {

/// Calls `pair` with each name and its value, decoded, in the order in which they occur. Accepts any text; limited as
/// to_msgpack() is.
void for_each(std::string_view query, const std::function<void(std::string name, std::string value)>& pair);

/// Appends a msgpack map of texts, and of arrays of texts for names that occur more than once. Names are in the order of their
/// first occurrence. Accepts any text: percent signs without two digits stay unchanged, and invalid UTF-8 is repaired.
///
/// `query`    without the question mark. Pairs after the first limits::query_names_max are ignored.
/// Cost       linear; allocates for every name and value.
void to_msgpack(Buffer& out, std::string_view query);

}  // namespace socketio::query_string
