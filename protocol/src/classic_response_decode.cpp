#include <array>

#include <socketio/common/limits.hpp>
#include <socketio/protocol/classic_response.hpp>

#include "member_reader.hpp"
#include "wire_text.hpp"

namespace socketio::classic_response {
namespace {

/// An application's value is the deepest part of a response; a socket's data is two levels deeper than an ack.
constexpr std::size_t response_depth_max = limits::depth_max + 3;

enum Field : std::size_t { f_request_id, f_type, f_client_count, f_sockets, f_rooms, f_data, f_packet, field_count };

Type type_of(const Item& item) noexcept {
  const auto number = item.kind == Kind::integer || item.kind == Kind::real ? item.as_int64() : std::nullopt;
  for (const Type type : {Type::server_side_answer, Type::client_count, Type::ack}) {
    if (number == static_cast<std::int64_t>(type)) {
      return type;
    }
  }
  return Type::untyped;
}

bool read_client_count(MemberReader& reader, const Member& member, std::uint64_t& client_count) {
  Item item;
  if (!reader.require(member) || !reader.item(member, item)) {
    return false;
  }
  if (item.kind != Kind::integer && item.kind != Kind::real) {
    return reader.fail(Errc::wrong_type, member);
  }
  const auto number = item.as_int64();
  if (!number || *number < 0) {
    return reader.fail(Errc::bad_value, member);
  }
  client_count = static_cast<std::uint64_t>(*number);
  return true;
}

bool read_response(MemberReader& reader, View& view) {
  std::array<Member, field_count> members = {
      {{"requestId"}, {"type"}, {"clientCount"}, {"sockets"}, {"rooms"}, {"data"}, {"packet"}}};
  std::optional<std::string_view> request_id;
  Item type;
  if (!reader.collect(members) || !reader.require(members[f_request_id]) || !reader.text(members[f_request_id], request_id) ||
      !reader.item(members[f_type], type)) {
    return false;
  }
  view.request_id = *request_id;
  view.type = type_of(type);
  view.sockets = members[f_sockets].value;
  view.rooms = members[f_rooms].value;
  view.data = members[f_data].value;
  view.packet = members[f_packet].value;
  return view.type != Type::client_count || read_client_count(reader, members[f_client_count], view.client_count);
}

/// Reads the header of a list and returns the number of its elements.
std::uint32_t read_list_header(Cursor& cursor) noexcept {
  Item list;
  return cursor.expect(Kind::array, list) ? list.count : 0;
}

/// Returns false when the element is not a socket.
bool read_socket(Bytes element, Socket& socket) {
  std::array<Member, 4> members = {{{"id"}, {"handshake"}, {"rooms"}, {"data"}}};
  const auto& [id, handshake, rooms, data] = members;
  MemberReader reader(element, response_depth_max);
  std::optional<std::string_view> id_text;
  Item handshake_item;
  if (!reader.collect(members) || !reader.text(id, id_text) || !id_text || !reader.item(handshake, handshake_item)) {
    return false;
  }
  socket.id = *id_text;
  socket.handshake = handshake_item.kind == Kind::map ? handshake.value : Bytes();
  socket.data = data.value;
  socket.rooms.clear();
  Item list;
  socket.packed_rooms = reader.item(rooms, list) && list.kind == Kind::array ? rooms.value : Bytes();
  if (rooms && !reader.read(rooms, [&](Cursor& cursor) { return read_rooms(cursor, socket.rooms, Unnamed::nobody); })) {
    socket.rooms.clear();
  }
  return true;
}

}  // namespace

Result<View> decode(Bytes payload, Buffer& scratch) {
  const auto packed = packed_form(payload, scratch, response_depth_max);
  if (!packed.ok()) {
    return packed.error();
  }
  MemberReader reader(packed.value(), response_depth_max);
  View view;
  if (!read_response(reader, view)) {
    const bool was_json = packed.value().data() != payload.data();
    return DecodeError{reader.error().code, was_json ? 0 : reader.error().offset_bytes};
  }
  return view;
}

NameReader::NameReader(Bytes list) noexcept : cursor_(list, response_depth_max), left_(read_list_header(cursor_)) {}

bool NameReader::next(std::string_view& name) {
  while (left_ > 0) {
    --left_;
    Item item;
    if (!cursor_.next(item) || !wire::skip_members(cursor_, item)) {
      return false;
    }
    current_.clear();
    if (current_.add(item)) {
      name = current_[0];
      return true;
    }
    ++skipped_count_;
  }
  return false;
}

SocketReader::SocketReader(Bytes list) noexcept : cursor_(list, response_depth_max), left_(read_list_header(cursor_)) {}

bool SocketReader::next(Socket& socket) {
  while (left_ > 0) {
    --left_;
    const Bytes element = cursor_.skip_view();
    if (!cursor_.ok()) {
      return false;
    }
    if (read_socket(element, socket)) {
      return true;
    }
    ++skipped_count_;
  }
  return false;
}

std::optional<std::string_view> peek_request_id(Bytes payload) noexcept {
  constexpr std::size_t far_enough = 32;  // {"type":8,"requestId":
  constexpr std::string_view name = "\"requestId\":\"";
  const std::string_view text = as_text(payload);
  if (!text.starts_with('{')) {
    return std::nullopt;
  }
  const std::size_t at = text.substr(0, far_enough).find(name);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view rest = text.substr(at + name.size());
  const std::string_view id = rest.substr(0, rest.find('"'));
  const bool is_plain = id.size() < rest.size() && id.find('\\') == std::string_view::npos;
  return is_plain ? std::optional(id) : std::nullopt;
}

}  // namespace socketio::classic_response
