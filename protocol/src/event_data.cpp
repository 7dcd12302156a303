#include <socketio/protocol/event_data.hpp>

#include <cmath>

#include "wire_text.hpp"

namespace socketio::event_data {
namespace {

bool read_name(Cursor& cursor, Name& name) {
  Item array;
  Item item;
  if (!cursor.expect(Kind::array, array)) {
    return false;
  }
  if (array.count == 0) {
    return cursor.fail(Errc::bad_value, array.offset);
  }
  if (!cursor.next(item)) {
    return false;
  }
  name.kind = item.kind;
  if (item.kind == Kind::integer || item.kind == Kind::real) {
    name.number = item.as_double();
    return std::isfinite(name.number) || cursor.fail(Errc::bad_value, item.offset);
  }
  const auto text = wire::text_of(item);
  if (!text) {
    return cursor.fail(Errc::wrong_type, item.offset);
  }
  name.text = *text;
  return true;
}

}  // namespace

Result<Name> name(Bytes data) {
  Cursor cursor(data);
  Name name;
  if (!read_name(cursor, name)) {
    return cursor.error();
  }
  return name;
}

Bytes read(Cursor& cursor, bool (*reserved)(std::string_view)) {
  const std::size_t start = cursor.position();
  const Bytes data = cursor.skip_view();
  if (!cursor.ok()) {
    return {};
  }
  const auto found = name(data);
  if (!found.ok()) {
    cursor.fail(found.error().code, start + found.error().offset_bytes);
    return {};
  }
  if (found->kind != Kind::integer && found->kind != Kind::real && reserved(found->text)) {
    cursor.fail(Errc::bad_value, start);
    return {};
  }
  return data;
}

}  // namespace socketio::event_data
