#include <socketio/protocol/room_list.hpp>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/utf8.hpp>

#include "wire_text.hpp"

namespace socketio {

bool RoomList::add(const Item& item) {
  const auto borrow = [&](std::string_view text) {
    entries_.push_back({text.data(), 0, static_cast<std::uint32_t>(text.size())});
  };
  const auto own = [&](auto append) {
    const std::size_t offset = owned_.size();
    append();
    entries_.push_back({nullptr, static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(owned_.size() - offset)});
  };
  if (item.kind == Kind::integer || item.kind == Kind::real) {
    own([&] { js_number::append(owned_, item.as_double()); });
    return true;
  }
  if (item.kind == Kind::text && !utf8::valid(item.text())) {
    own([&] { utf8::append_repaired_keeping_surrogates(owned_, item.text()); });
    return true;
  }
  const auto text = wire::text_of(item);
  borrow(text.value_or(nobody));
  return text.has_value();
}

bool read_rooms(Cursor& cursor, RoomList& rooms, Unnamed unnamed) {
  rooms.clear();
  Item list;
  if (!cursor.next(list)) {
    return false;
  }
  if (wire::is_nothing(list)) {
    return true;
  }
  if (list.kind != Kind::array) {
    return cursor.fail(Errc::wrong_type, list.offset);
  }
  if (list.count > limits::rooms_max) {
    return cursor.fail(Errc::too_large, list.offset);
  }
  rooms.reserve(list.count);
  for (std::uint32_t i = 0; i < list.count; ++i) {
    Item item;
    if (!cursor.next(item) || !wire::skip_members(cursor, item)) {
      return false;
    }
    if (!rooms.add(item) && unnamed == Unnamed::refuse) {
      return cursor.fail(Errc::wrong_type, item.offset);
    }
  }
  return true;
}

}  // namespace socketio
