#include <socketio/protocol/broadcast.hpp>

#include <cassert>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/cursor.hpp>

#include "event_packet.hpp"
#include "run.hpp"
#include "wire_text.hpp"

namespace socketio::broadcast {
namespace {

constexpr std::uint32_t item_count = 3;

/// Reads the header of the outer array, and the uid.
bool read_front(Cursor& cursor, Item& array, std::string_view& uid) noexcept {
  Item item;
  if (!cursor.expect(Kind::array, array)) {
    return false;
  }
  if (array.count < item_count) {
    return cursor.fail(Errc::missing_field, array.offset);
  }
  if (!cursor.next(item) || !wire::skip_members(cursor, item)) {
    return false;
  }
  uid = wire::text_of(item).value_or(std::string_view());
  return true;
}

bool read_message(Cursor& cursor, std::string_view& uid, event_packet::Packet& packet, selector::View& options) {
  Item array;
  if (!read_front(cursor, array, uid) || !event_packet::read(cursor, packet) || !selector::read(cursor, options)) {
    return false;
  }
  for (std::uint32_t i = item_count; i < array.count; ++i) {
    if (!cursor.skip()) {
      return false;
    }
  }
  return cursor.at_end() || cursor.fail(Errc::trailing_bytes, cursor.position());
}

}  // namespace

void encode(Buffer& out, const Outgoing& message) {
  assert(!message.data.empty());
  {
    Run run(out, 1 + Run::header_size_max + message.uid.size());
    run.array_header(item_count);
    run.text(message.uid);
  }
  event_packet::append(out, {message.data, message.nsp, message.id});
  selector::append_packed(out, {message.rooms, message.except, message.flags}, message.order);
}

Result<View> decode(Bytes payload) {
  View view;
  if (const auto decoded = decode(payload, view, view); !decoded.ok()) {
    return decoded.error();
  }
  return view;
}

Result<void> decode(Bytes payload, Head& head, selector::View& target) {
  if (payload.size() > limits::message_bytes_max) {
    return DecodeError{Errc::too_large, 0};
  }
  Cursor cursor(payload);
  event_packet::Packet packet;
  if (!read_message(cursor, head.uid, packet, target)) {
    return cursor.error();
  }
  head.nsp = packet.nsp;
  head.data = packet.data;
  head.id = packet.id;
  return {};
}

std::string_view peek_uid(Bytes payload) noexcept {
  Cursor cursor(payload);
  Item array;
  std::string_view uid;
  return read_front(cursor, array, uid) ? uid : std::string_view();
}

}  // namespace socketio::broadcast
