#include <socketio/protocol/classic_response.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/selector.hpp>
#include <socketio/protocol/transcode.hpp>

#include "json_members.hpp"

namespace socketio::classic_response {
namespace {

constexpr std::string_view request_id_name = "requestId";

void put_type(JsonMembers& members, Type type) { members.integer("type", static_cast<std::uint64_t>(type)); }

Result<void> put_value(JsonMembers& members, std::string_view name, Bytes value) {
  return value.empty() ? Result<void>() : transcode::msgpack_to_json(value, members.name(name));
}

Result<void> put_socket(Buffer& out, const OutgoingSocket& socket) {
  JsonMembers members(out);
  members.text("id", socket.id);
  if (const auto result = put_value(members, "handshake", socket.handshake); !result.ok()) {
    return result;
  }
  selector::append_json_rooms(members.name("rooms"), socket.rooms);
  return put_value(members, "data", socket.data);
}

/// Runs `append`; removes what it appended if it fails.
template <typename Append>
Result<void> whole_or_nothing(Buffer& out, Append append) {
  const std::size_t start = out.size();
  const Result<void> result = append();
  if (!result.ok()) {
    out.truncate(start);
  }
  return result;
}

}  // namespace

void encode_socket_ids(Buffer& out, std::string_view request_id, std::span<const std::string_view> ids) {
  JsonMembers members(out);
  members.text(request_id_name, request_id);
  members.name("sockets").push_back('[');
  for (const std::string_view& id : ids) {
    if (&id != ids.data()) {
      out.push_back(',');
    }
    transcode::append_json_string(out, id);
  }
  out.push_back(']');
}

void encode_rooms(Buffer& out, std::string_view request_id, std::span<const Room> rooms) {
  JsonMembers members(out);
  members.text(request_id_name, request_id);
  selector::append_json_rooms(members.name("rooms"), rooms);
}

void encode_done(Buffer& out, std::string_view request_id) { JsonMembers(out).text(request_id_name, request_id); }

Result<void> encode_sockets(Buffer& out, std::string_view request_id, std::span<const OutgoingSocket> sockets) {
  return whole_or_nothing(out, [&]() -> Result<void> {
    JsonMembers members(out);
    members.text(request_id_name, request_id);
    members.name("sockets").push_back('[');
    for (const OutgoingSocket& socket : sockets) {
      if (&socket != sockets.data()) {
        out.push_back(',');
      }
      if (const auto result = put_socket(out, socket); !result.ok()) {
        return result;
      }
    }
    out.push_back(']');
    return {};
  });
}

void encode_sockets_json(Buffer& out, std::string_view request_id, std::string_view sockets) {
  JsonMembers members(out);
  members.text(request_id_name, request_id);
  members.name("sockets").push_back('[');
  out.append(sockets);
  out.push_back(']');
}

Result<void> encode_server_side_answer(Buffer& out, std::string_view request_id, Bytes value) {
  return whole_or_nothing(out, [&] {
    JsonMembers members(out);
    put_type(members, Type::server_side_answer);
    members.text(request_id_name, request_id);
    return put_value(members, "data", value);
  });
}

void encode_client_count(Buffer& out, std::string_view request_id, std::uint64_t client_count) {
  JsonMembers members(out);
  put_type(members, Type::client_count);
  members.text(request_id_name, request_id);
  members.integer("clientCount", client_count);
}

void encode_ack(Buffer& out, std::string_view request_id, Bytes value) {
  pack::map_header(out, value.empty() ? 2 : 3);
  pack::text(out, "type");
  pack::unsigned_integer(out, static_cast<std::uint64_t>(Type::ack));
  pack::text(out, request_id_name);
  pack::text(out, request_id);
  if (!value.empty()) {
    pack::text(out, "packet");
    out.append(value);
  }
}

}  // namespace socketio::classic_response
