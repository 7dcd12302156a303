#include <socketio/protocol/event_data.hpp>

#include <cmath>
#include <string>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/protocol/pack.hpp>

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

void append_argument(Buffer& out, Bytes data, std::string_view text) {
  Cursor cursor(data);
  Item array;
  if (!cursor.expect(Kind::array, array)) {
    out.append(data);
    return;
  }
  pack::array_header(out, array.count + 1);
  out.append(data.subspan(cursor.position()));
  pack::text(out, text);
}

std::string_view last_text(Bytes data) noexcept {
  Cursor cursor(data);
  Item array;
  if (!cursor.expect(Kind::array, array) || array.count == 0) {
    return {};
  }
  for (std::uint32_t index = 1; index < array.count; ++index) {
    cursor.skip();
  }
  Item last;
  return cursor.next(last) && last.kind == Kind::text ? last.text() : std::string_view();
}

void require(Bytes data, bool (*reserved)(std::string_view)) {
  if (const auto whole = check_items(data, 1, depth_max); !whole.ok()) {
    refuse(whole.error());
  }
  require_name(data, reserved);
}

void require_name(Bytes data, bool (*reserved)(std::string_view)) {
  const auto found = name(data);
  if (!found.ok()) {
    refuse(found.error());
  }
  const bool is_text = found->kind == Kind::text || found->kind == Kind::binary;
  if (is_text && reserved(found->text)) {
    throw Error(ErrorCode::reserved_event,
                "\"" + std::string(found->text) + "\" is a reserved event name. Choose another one.");
  }
}

void refuse(DecodeError error) {
  if (error.code == Errc::too_deep) {
    throw Error(ErrorCode::bad_arguments, "The arguments are nested more than " + std::to_string(depth_max) + " levels deep.");
  }
  throw Error(ErrorCode::bad_arguments, std::string("The arguments do not pack to [event, args...] in well-formed msgpack (") +
                                            describe(error.code) + " at byte " + std::to_string(error.offset_bytes) +
                                            "). Check the msgpack adaptors of your types.");
}

}  // namespace socketio::event_data
