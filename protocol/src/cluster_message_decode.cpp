#include <array>
#include <utility>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/cluster_message.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/reserved_events.hpp>

#include "event_packet.hpp"
#include "member_reader.hpp"
#include "wire_text.hpp"

namespace socketio::cluster_message {
namespace {

/// Event data is the deepest part of a message: it is inside `packet`, inside `data`, inside the message.
constexpr std::size_t message_depth_max = limits::depth_max + 3;

enum Field : std::size_t { f_request_id, f_opts, f_rooms, f_close, f_packet, f_client_count, f_sockets, field_count };

class Reader {
 public:
  Reader(Type type, Bytes data) noexcept : reader_(data, message_depth_max) { view_.type = type; }

  bool read() { return reader_.collect(members_) && reader_.text(members_[f_request_id], view_.request_id) && by_type(); }
  View& view() noexcept { return view_; }
  [[nodiscard]] DecodeError error() const noexcept { return reader_.error(); }

 private:
  bool by_type();
  bool target() {
    return reader_.require(members_[f_opts]) &&
           reader_.read(members_[f_opts], [&](Cursor& cursor) { return selector::read(cursor, view_.target); });
  }
  bool request_id() { return reader_.require(members_[f_request_id]); }
  bool broadcast();
  bool rooms_change() {
    return target() && reader_.require(members_[f_rooms]) &&
           reader_.read(members_[f_rooms], [&](Cursor& cursor) { return read_rooms(cursor, view_.rooms, Unnamed::refuse); });
  }
  bool disconnect();
  bool server_side_event();
  bool sockets();
  bool client_count();
  bool answer() {
    view_.value = members_[f_packet].value;
    return request_id();
  }

  MemberReader reader_;
  std::array<Member, field_count> members_ = {
      {{"requestId"}, {"opts"}, {"rooms"}, {"close"}, {"packet"}, {"clientCount"}, {"sockets"}}};
  View view_;
};

bool Reader::by_type() {
  switch (view_.type) {
    case Type::broadcast: return broadcast();
    case Type::join:
    case Type::leave: return rooms_change();
    case Type::disconnect: return disconnect();
    case Type::fetch_sockets: return request_id() && target();
    case Type::fetch_sockets_answer: return sockets();
    case Type::server_side_event: return server_side_event();
    case Type::client_count: return client_count();
    case Type::server_side_answer:
    case Type::ack: return answer();
  }
  return false;
}

bool Reader::broadcast() {
  event_packet::Packet packet;
  if (!reader_.require(members_[f_packet]) ||
      !reader_.read(members_[f_packet], [&](Cursor& cursor) { return event_packet::read(cursor, packet); })) {
    return false;
  }
  view_.event = packet.data;
  view_.ack_id = packet.id;
  return target();
}

bool Reader::disconnect() {
  Item close;
  if (!target() || !reader_.item(members_[f_close], close)) {
    return false;
  }
  view_.close = wire::is_truthy(close);
  return true;
}

bool Reader::server_side_event() {
  return reader_.require(members_[f_packet]) && reader_.read(members_[f_packet], [&](Cursor& cursor) {
    view_.event = event_data::read(cursor, [](std::string_view name) { return is_ignored_server_side_event(name); });
    return cursor.ok();
  });
}

bool Reader::sockets() {
  Item list;
  if (!request_id() || !reader_.require(members_[f_sockets]) || !reader_.item(members_[f_sockets], list)) {
    return false;
  }
  view_.sockets = members_[f_sockets].value;
  return list.kind == Kind::array || reader_.fail(Errc::wrong_type, members_[f_sockets]);
}

bool Reader::client_count() {
  Item count;
  if (!request_id() || !reader_.require(members_[f_client_count]) || !reader_.item(members_[f_client_count], count)) {
    return false;
  }
  const auto value = count.as_int64();
  if (!value || *value < 0) {
    return reader_.fail(Errc::bad_value, members_[f_client_count]);
  }
  view_.client_count = static_cast<std::uint64_t>(*value);
  return true;
}

}  // namespace

Result<Envelope> open(Bytes payload, Buffer& scratch) {
  const auto packed = packed_form(payload, scratch, message_depth_max);
  if (!packed.ok()) {
    return packed.error();
  }
  MemberReader reader(packed.value(), message_depth_max);
  std::array<Member, 4> members = {{{"type"}, {"data"}, {"uid"}, {"nsp"}}};
  Item type;
  Item uid;
  Item nsp;
  if (!reader.collect(members) || !reader.require(members[0]) || !reader.item(members[0], type) ||
      !reader.item(members[2], uid) || !reader.item(members[3], nsp)) {
    return reader.error();
  }
  const auto number = type.as_int64();
  if (!number || *number < 0 || *number > 127) {
    return DecodeError{Errc::wrong_type, 0};
  }
  return Envelope{static_cast<int>(*number), wire::text_of(uid).value_or(std::string_view()),
                  wire::text_of(nsp).value_or(std::string_view()), members[1].value};
}

Result<View> decode(Type type, Bytes data) {
  Reader reader(type, data);
  if (!reader.read()) {
    return reader.error();
  }
  return std::move(reader.view());
}

}  // namespace socketio::cluster_message
