#pragma once

#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

// Conversion of binary event names to text: some publishers send a name as binary, which clients would receive as an attachment
// and not as a name.
namespace socketio::text_name {

/// Returns `data` itself, unless it is an array that begins with binary: then returns a copy in `renamed` that begins with
/// text.
Bytes with_text_name(Bytes data, Buffer& renamed);

/// Changes views into `renamed` to the same bytes in `data`. Both have the same content after the name.
void move_views(std::vector<Bytes>& views, Bytes renamed, Bytes data);

}  // namespace socketio::text_name
