#include <cassert>

#include <socketio/protocol/classic_request.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

#include "event_packet.hpp"
#include "json_members.hpp"

namespace socketio::classic_request {
namespace {

void put_type(JsonMembers& members, Type type) { members.integer("type", static_cast<std::uint64_t>(type)); }

void put_target(JsonMembers& members, const Target& target) { selector::append_json(members.name("opts"), target); }

void encode_rooms_change(Buffer& out, std::string_view uid, Type type, const Target& target, std::span<const Room> rooms) {
  JsonMembers members(out);
  members.optional_text("uid", uid);
  put_type(members, type);
  put_target(members, target);
  selector::append_json_rooms(members.name("rooms"), rooms);
}

}  // namespace

void encode_sockets(Buffer& out, std::string_view request_id, std::span<const Room> rooms, std::string_view uid) {
  JsonMembers members(out);
  members.optional_text("uid", uid);
  members.text("requestId", request_id);
  put_type(members, Type::sockets);
  selector::append_json_rooms(members.name("rooms"), rooms);
}

void encode_all_rooms(Buffer& out, std::string_view uid, std::string_view request_id) {
  JsonMembers members(out);
  members.optional_text("uid", uid);
  members.text("requestId", request_id);
  put_type(members, Type::all_rooms);
}

void encode_join(Buffer& out, std::string_view uid, const Target& target, std::span<const Room> rooms) {
  encode_rooms_change(out, uid, Type::join, target, rooms);
}

void encode_leave(Buffer& out, std::string_view uid, const Target& target, std::span<const Room> rooms) {
  encode_rooms_change(out, uid, Type::leave, target, rooms);
}

void encode_disconnect(Buffer& out, std::string_view uid, const Target& target, bool close) {
  JsonMembers members(out);
  members.optional_text("uid", uid);
  put_type(members, Type::disconnect);
  put_target(members, target);
  members.boolean("close", close);
}

void encode_fetch_sockets(Buffer& out, std::string_view uid, std::string_view request_id, const Target& target) {
  JsonMembers members(out);
  members.optional_text("uid", uid);
  members.text("requestId", request_id);
  put_type(members, Type::fetch_sockets);
  put_target(members, target);
}

Result<void> encode_server_side_event(Buffer& out, std::string_view uid, std::string_view request_id, Bytes data) {
  const std::size_t start = out.size();
  Result<void> result;
  {
    JsonMembers members(out);
    members.optional_text("uid", uid);
    members.optional_text("requestId", request_id);
    put_type(members, Type::server_side_event);
    result = transcode::msgpack_to_json(data, members.name("data"));
  }
  if (!result.ok()) {
    out.truncate(start);
  }
  return result;
}

void encode_broadcast(Buffer& out, std::string_view uid, std::string_view request_id, Bytes data, std::string_view nsp,
                      const Target& target) {
  assert(!data.empty());
  pack::map_header(out, uid.empty() ? 4 : 5);
  if (!uid.empty()) {
    pack::text(out, "uid");
    pack::text(out, uid);
  }
  pack::text(out, "requestId");
  pack::text(out, request_id);
  pack::text(out, "type");
  pack::unsigned_integer(out, static_cast<std::uint64_t>(Type::broadcast));
  pack::text(out, "packet");
  event_packet::append(out, {data, nsp, std::nullopt});
  pack::text(out, "opts");
  selector::append_packed(out, target, selector::OptionsOrder::adapter);
}

}  // namespace socketio::classic_request
