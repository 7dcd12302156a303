#include <array>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include "event_packet.hpp"
#include "member_reader.hpp"
#include "wire_text.hpp"

namespace socketio::classic_request {
namespace {

/// Event data is the deepest part of a request: it is inside `packet`, which is inside the request.
constexpr std::size_t request_depth_max = limits::depth_max + 2;

enum Field : std::size_t {
  f_uid,
  f_request_id,
  f_type,
  f_opts,
  f_rooms,
  f_room,
  f_sid,
  f_close,
  f_data,
  f_packet,
  field_count
};

class Reader {
 public:
  explicit Reader(Bytes packed) noexcept : reader_(packed, request_depth_max) {}

  bool read();
  View& view() noexcept { return view_; }
  [[nodiscard]] DecodeError error() const noexcept { return reader_.error(); }

 private:
  const Member& member(Field field) const noexcept { return members_[field]; }

  bool type();
  bool by_type();
  bool request_id();
  bool target();
  bool rooms_change();
  bool one_socket();
  bool disconnect();
  bool server_side_event();
  bool broadcast();
  bool rooms(Field field, Unnamed unnamed) {
    return reader_.read(member(field), [&](Cursor& cursor) { return read_rooms(cursor, view_.rooms, unnamed); });
  }

  MemberReader reader_;
  std::array<Member, field_count> members_ = {
      {{"uid"}, {"requestId"}, {"type"}, {"opts"}, {"rooms"}, {"room"}, {"sid"}, {"close"}, {"data"}, {"packet"}}};
  View view_;
};

bool Reader::read() {
  Item uid;
  if (!reader_.collect(members_) || !type() || !reader_.item(member(f_uid), uid) ||
      !reader_.text(member(f_request_id), view_.request_id)) {
    return false;
  }
  view_.uid = wire::text_of(uid).value_or(std::string_view());
  return by_type();
}

bool Reader::type() {
  Item item;
  if (!reader_.require(member(f_type)) || !reader_.item(member(f_type), item)) {
    return false;
  }
  if (item.kind != Kind::integer && item.kind != Kind::real) {
    return reader_.fail(Errc::wrong_type, member(f_type));
  }
  const auto type = item.as_int64();
  if (!type || *type < 0 || *type > static_cast<std::int64_t>(Type::broadcast)) {
    return reader_.fail(Errc::bad_value, member(f_type));
  }
  view_.type = static_cast<Type>(*type);
  return true;
}

bool Reader::by_type() {
  switch (view_.type) {
    case Type::sockets: return request_id() && (!member(f_rooms) || rooms(f_rooms, Unnamed::nobody));
    case Type::all_rooms: return request_id();
    case Type::join:
    case Type::leave: return rooms_change();
    case Type::disconnect: return disconnect();
    case Type::fetch_sockets: return request_id() && target();
    case Type::server_side_event: return server_side_event();
    case Type::broadcast: return request_id() && broadcast();
  }
  return false;
}

bool Reader::request_id() { return reader_.require(member(f_request_id)); }

bool Reader::target() {
  return reader_.require(member(f_opts)) &&
         reader_.read(member(f_opts), [&](Cursor& cursor) { return selector::read(cursor, view_.target); });
}

bool Reader::rooms_change() {
  if (member(f_opts)) {
    return target() && reader_.require(member(f_rooms)) && rooms(f_rooms, Unnamed::refuse);
  }
  Item room;
  if (!one_socket() || !reader_.require(member(f_room)) || !reader_.item(member(f_room), room)) {
    return false;
  }
  return view_.rooms.add(room) || reader_.fail(Errc::wrong_type, member(f_room));
}

bool Reader::one_socket() {
  std::optional<std::string_view> sid;
  if (!reader_.require(member(f_sid)) || !reader_.text(member(f_sid), sid)) {
    return false;
  }
  view_.sid = *sid;
  return !sid->empty() || reader_.fail(Errc::bad_value, member(f_sid));
}

bool Reader::disconnect() {
  Item close;
  if (!(member(f_opts) ? target() : one_socket()) || !reader_.item(member(f_close), close)) {
    return false;
  }
  view_.close = wire::is_truthy(close);
  return true;
}

bool Reader::server_side_event() {
  return reader_.require(member(f_data)) && reader_.read(member(f_data), [&](Cursor& cursor) {
    view_.data = event_data::read(cursor, [](std::string_view name) { return is_ignored_server_side_event(name); });
    return cursor.ok();
  });
}

bool Reader::broadcast() {
  event_packet::Packet packet;
  if (!reader_.require(member(f_packet)) ||
      !reader_.read(member(f_packet), [&](Cursor& cursor) { return event_packet::read(cursor, packet); })) {
    return false;
  }
  view_.data = packet.data;
  view_.nsp = packet.nsp;
  return target();
}

}  // namespace

Result<View> decode(Bytes payload, Buffer& scratch) {
  const auto packed = packed_form(payload, scratch, request_depth_max);
  if (!packed.ok()) {
    return packed.error();
  }
  Reader reader(packed.value());
  if (!reader.read()) {
    const bool was_json = packed.value().data() != payload.data();
    return DecodeError{reader.error().code, was_json ? 0 : reader.error().offset_bytes};
  }
  return std::move(reader.view());
}

}  // namespace socketio::classic_request
