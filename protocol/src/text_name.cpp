#include "text_name.hpp"

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/pack.hpp>

namespace socketio::text_name {

Bytes with_text_name(Bytes data, Buffer& renamed) {
  Cursor cursor(data);
  Item array;
  Item name;
  if (!cursor.expect(Kind::array, array) || array.count == 0 || !cursor.next(name) || name.kind != Kind::binary) {
    return data;
  }
  pack::array_header(renamed, array.count);
  pack::text(renamed, name.text());
  renamed.append(data.subspan(cursor.position()));
  return renamed.bytes();
}

void move_views(std::vector<Bytes>& views, Bytes renamed, Bytes data) {
  for (Bytes& view : views) {
    const auto from_end = static_cast<std::size_t>(renamed.data() + renamed.size() - view.data());
    view = data.subspan(data.size() - from_end, view.size());
  }
}

}  // namespace socketio::text_name
