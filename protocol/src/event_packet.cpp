#include "event_packet.hpp"

#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include "run.hpp"
#include "wire_text.hpp"

namespace socketio::event_packet {
namespace {

constexpr std::uint8_t event_type = 2;

/// Required members found so far; the packet is checked after all members are read.
struct Found {
  bool type = false;
  bool data = false;
};

bool read_type(Cursor& cursor, Found& found) {
  Item item;
  if (!cursor.next(item)) {
    return false;
  }
  if (item.kind != Kind::integer && item.kind != Kind::real) {
    return cursor.fail(Errc::wrong_type, item.offset);
  }
  found.type = true;
  return item.as_int64() == event_type || cursor.fail(Errc::bad_value, item.offset);
}

bool read_id(Cursor& cursor, Packet& packet) {
  Item item;
  if (!cursor.next(item)) {
    return false;
  }
  packet.id.reset();
  if (wire::is_nothing(item)) {
    return true;
  }
  if (item.kind != Kind::integer && item.kind != Kind::real) {
    return cursor.fail(Errc::wrong_type, item.offset);
  }
  const auto id = item.as_int64();
  if (!id || *id < 0) {
    return cursor.fail(Errc::bad_value, item.offset);
  }
  packet.id = static_cast<std::uint64_t>(*id);
  return true;
}

bool read_nsp(Cursor& cursor, Packet& packet) {
  Item item;
  if (!cursor.next(item) || !wire::skip_members(cursor, item)) {
    return false;
  }
  packet.nsp = is_undefined(item) ? "/" : wire::text_of(item).value_or(std::string_view());
  return true;
}

bool read_member(Cursor& cursor, Packet& packet, Found& found) {
  std::string_view key;
  if (!wire::next_key(cursor, key)) {
    return false;
  }
  if (key == "type") {
    return read_type(cursor, found);
  }
  if (key == "data") {
    packet.data = event_data::read(cursor, [](std::string_view name) { return is_reserved_client_event(name); });
    found.data = true;
    return cursor.ok();
  }
  if (key == "id") {
    return read_id(cursor, packet);
  }
  return key == "nsp" ? read_nsp(cursor, packet) : cursor.skip();
}

}  // namespace

void append(Buffer& out, const Packet& packet) {
  constexpr std::size_t names_size_max = 4 * (1 + std::string_view("type").size());
  Run run(out, 2 + names_size_max + packet.data.size() + Run::number_size_max + Run::header_size_max + packet.nsp.size());
  run.map_header(packet.id ? 4 : 3);
  run.text("type");
  run.byte(event_type);
  run.text("data");
  run.bytes(packet.data);
  if (packet.id) {
    run.text("id");
    run.unsigned_integer(*packet.id);
  }
  run.text("nsp");
  run.text(packet.nsp);
}

bool read(Cursor& cursor, Packet& packet) {
  packet = {};
  Item map;
  if (!cursor.expect(Kind::map, map)) {
    return false;
  }
  Found found;
  for (std::uint32_t i = 0; i < map.count; ++i) {
    if (!read_member(cursor, packet, found)) {
      return false;
    }
  }
  return (found.type && found.data) || cursor.fail(Errc::missing_field, map.offset);
}

}  // namespace socketio::event_packet
