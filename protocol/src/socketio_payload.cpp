#include "socketio_payload.hpp"

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>

namespace socketio::socketio_payload {
namespace {

using socketio_packet::Type;
using socketio_packet::Violation;

bool is(Bytes data, Kind kind) noexcept {
  Cursor cursor(data);
  Item item;
  return cursor.next(item) && item.kind == kind;
}

Violation require(bool good) noexcept { return good ? Violation::none : Violation::bad_payload; }

Violation check_event(Bytes data) {
  const auto name = event_data::name(data);
  if (!name.ok() || name->kind == Kind::binary) {
    return Violation::bad_payload;
  }
  const bool reserved = name->kind == Kind::text && is_reserved_client_event(name->text);
  return reserved ? Violation::reserved_event : Violation::none;
}

}  // namespace

Violation check(Type type, Bytes data) {
  switch (type) {
    case Type::connect: return require(data.empty() || is(data, Kind::map));
    case Type::disconnect: return require(data.empty());
    case Type::ack: return require(is(data, Kind::array));
    case Type::connect_error: return require(data.empty() || is(data, Kind::map) || is(data, Kind::text));
    default: return check_event(data);
  }
}

}  // namespace socketio::socketio_payload
