#include <socketio/protocol/socketio_msgpack_packet.hpp>

#include <cassert>

#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/utf8.hpp>

#include "socketio_payload.hpp"
#include "text_name.hpp"
#include "wire_text.hpp"

namespace socketio::socketio_msgpack_packet {
namespace {

using namespace std::string_view_literals;

void append_type(Buffer& out, Type type) {
  pack::text(out, "type"sv);
  pack::unsigned_integer(out, static_cast<std::uint64_t>(type));
}

void append_text(Buffer& out, std::string_view key, std::string_view value) {
  pack::text(out, key);
  pack::text(out, value);
}

/// Appends a date in the form of notepack 2.
void append_date(Buffer& out, std::int64_t milliseconds) {
  std::uint8_t* const at = out.reserve(10);
  at[0] = 0xd7;
  at[1] = 0;
  for (int i = 0; i < 8; ++i) {
    at[2 + i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(milliseconds) >> (56 - 8 * i));
  }
  out.commit(10);
}

/// Replaces lone surrogates: clients read text as UTF-8.
void replace_surrogates(Buffer& out, std::size_t start) noexcept {
  event_data::replace_surrogates({out.data() + start, out.size() - start});
}

/// Appends one value with its dates in the form of notepack 2. Nested items simply follow each other, so that one count of the
/// items left is enough for all levels.
Result<void> append_value(Buffer& out, Bytes value) {
  Cursor cursor(value);
  std::size_t copied = 0;
  for (std::uint64_t left = 1; left > 0; --left) {
    Item item;
    if (!cursor.next(item)) {
      return cursor.error();
    }
    if (item.kind == Kind::array || item.kind == Kind::map) {
      left += std::uint64_t{item.count} * (item.kind == Kind::map ? 2 : 1);
    } else if (const auto date = item.kind == Kind::extension && item.extension_type == -1 ? date_of(item) : std::nullopt) {
      out.append(value.subspan(copied, item.offset - copied));
      append_date(out, *date);
      copied = cursor.position();
    }
  }
  if (!cursor.at_end()) {
    return DecodeError{Errc::trailing_bytes, cursor.position()};
  }
  out.append(value.subspan(copied));
  return {};
}

struct Found {
  bool type = false;
  bool nsp = false;
};

Violation read_type(Cursor& cursor, Packet& packet, Found& found) {
  Item item;
  if (!cursor.next(item) || !wire::skip_members(cursor, item)) {
    return Violation::bad_syntax;
  }
  const bool number = item.kind == Kind::integer || item.kind == Kind::real;
  const auto type = number ? item.as_int64() : std::nullopt;
  if (!type || *type < 0 || *type > static_cast<std::int64_t>(Type::connect_error)) {
    return Violation::bad_type;
  }
  packet.type = static_cast<Type>(*type);
  found.type = true;
  return Violation::none;
}

Violation read_nsp(Cursor& cursor, Packet& packet, Found& found) {
  Item item;
  if (!cursor.next(item) || !wire::skip_members(cursor, item)) {
    return Violation::bad_syntax;
  }
  if (item.kind != Kind::text || !utf8::valid(item.text())) {
    return Violation::bad_namespace;
  }
  packet.nsp = item.text();
  found.nsp = true;
  return Violation::none;
}

Violation read_id(Cursor& cursor, Packet& packet) {
  Item item;
  if (!cursor.next(item) || !wire::skip_members(cursor, item)) {
    return Violation::bad_syntax;
  }
  packet.id.reset();
  if (is_undefined(item)) {
    return Violation::none;
  }
  const bool number = item.kind == Kind::integer || item.kind == Kind::real;
  packet.id = number ? item.as_int64() : std::nullopt;
  const bool good = packet.id && *packet.id <= socketio_packet::id_max && *packet.id >= -socketio_packet::id_max;
  return good ? Violation::none : Violation::bad_id;
}

Violation read_data(Cursor& cursor, Packet& packet) {
  Item item;
  Cursor ahead = cursor;
  const bool undefined = ahead.next(item) && is_undefined(item);
  const Bytes value = cursor.skip_view();
  packet.data = undefined ? Bytes() : value;
  return Violation::none;
}

Violation read_member(Cursor& cursor, Packet& packet, Found& found) {
  std::string_view key;
  if (!wire::next_key(cursor, key)) {
    return Violation::bad_syntax;
  }
  if (key == "type"sv) {
    return read_type(cursor, packet, found);
  }
  if (key == "nsp"sv) {
    return read_nsp(cursor, packet, found);
  }
  if (key == "id"sv) {
    return read_id(cursor, packet);
  }
  if (key == "data"sv) {
    return read_data(cursor, packet);
  }
  cursor.skip();
  return Violation::none;
}

Violation violation_of(DecodeError error) noexcept {
  return error.code == Errc::too_deep ? Violation::too_deep : Violation::bad_syntax;
}

}  // namespace

Result<void> encode(Buffer& out, const Packet& packet) {
  assert(packet.type <= Type::connect_error);
  const std::size_t start = out.size();
  const bool ack = packet.type == Type::ack;
  pack::map_header(out, 2 + (packet.id ? 1 : 0) + (packet.data.empty() ? 0 : 1));
  const auto append_id = [&] {
    if (packet.id) {
      pack::text(out, "id"sv);
      pack::integer(out, *packet.id);
    }
  };
  if (ack) {
    append_id();
  }
  append_type(out, packet.type);
  if (!packet.data.empty()) {
    pack::text(out, "data"sv);
    Buffer renamed;
    const Bytes data = packet.type == Type::event ? text_name::with_text_name(packet.data, renamed) : packet.data;
    if (const auto result = append_value(out, data); !result.ok()) {
      out.truncate(start);
      return result;
    }
    replace_surrogates(out, start);
  }
  if (!ack) {
    append_id();
  }
  append_text(out, "nsp"sv, packet.nsp);
  return {};
}

void encode_connect(Buffer& out, std::string_view nsp, std::string_view sid, std::string_view pid) {
  pack::map_header(out, 3);
  append_type(out, Type::connect);
  pack::text(out, "data"sv);
  pack::map_header(out, pid.empty() ? 1 : 2);
  append_text(out, "sid"sv, sid);
  if (!pid.empty()) {
    append_text(out, "pid"sv, pid);
  }
  append_text(out, "nsp"sv, nsp);
}

Result<void> encode_connect_error(Buffer& out, std::string_view nsp, std::string_view message, Bytes data) {
  const std::size_t start = out.size();
  pack::map_header(out, 3);
  append_type(out, Type::connect_error);
  pack::text(out, "data"sv);
  pack::map_header(out, data.empty() ? 1 : 2);
  append_text(out, "message"sv, message);
  if (!data.empty()) {
    pack::text(out, "data"sv);
    if (const auto result = append_value(out, data); !result.ok()) {
      out.truncate(start);
      return result;
    }
    replace_surrogates(out, start);
  }
  append_text(out, "nsp"sv, nsp);
  return {};
}

void encode_disconnect(Buffer& out, std::string_view nsp) {
  pack::map_header(out, 2);
  append_type(out, Type::disconnect);
  append_text(out, "nsp"sv, nsp);
}

Violation decode(Bytes message, Packet& packet, std::size_t depth_max) {
  packet = {};
  Cursor cursor(message, depth_max);
  Item map;
  Found found;
  if (!cursor.expect(Kind::map, map)) {
    return violation_of(cursor.error());
  }
  for (std::uint32_t i = 0; i < map.count; ++i) {
    const auto violation = read_member(cursor, packet, found);
    if (!cursor.ok()) {
      return violation_of(cursor.error());
    }
    if (violation != Violation::none) {
      return violation;
    }
  }
  if (!cursor.at_end()) {
    return Violation::bad_syntax;
  }
  if (!found.type) {
    return Violation::bad_type;
  }
  return found.nsp ? socketio_payload::check(packet.type, packet.data) : Violation::bad_namespace;
}

}  // namespace socketio::socketio_msgpack_packet
