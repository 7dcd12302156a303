#pragma once

#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>

// Some publishers send an event's name as binary. Clients must get text: an attachment would be no name to them.
namespace socketio::text_name {

/// `data` itself, unless it is an array that begins with binary: then the same array with text there, which `renamed` holds.
Bytes with_text_name(Bytes data, Buffer& renamed);

/// Lets views into `renamed` point to the same bytes in `data`. Both have the same content behind the name.
void move_views(std::vector<Bytes>& views, Bytes renamed, Bytes data);

}  // namespace socketio::text_name
