#include <socketio/protocol/cluster_message.hpp>

#include <vector>

#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/cursor.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/transcode.hpp>

namespace socketio::cluster_message {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t event_packet_type = 2;

void put_request_id(Buffer& data, std::string_view request_id) {
  pack::text(data, "requestId");
  pack::text(data, request_id);
}

void put_target(Buffer& data, const Target& target) {
  pack::text(data, "opts");
  selector::append_packed(data, target, selector::OptionsOrder::adapter);
}

void begin_json(Buffer& out, Type type) {
  out.append("{\"type\":"sv);
  js_number::append(out, static_cast<std::uint64_t>(type));
  out.append(",\"data\":"sv);
}

void end_json(Buffer& out, std::string_view uid, std::string_view nsp) {
  out.append(",\"uid\":"sv);
  transcode::append_json_string(out, uid);
  out.append(",\"nsp\":"sv);
  transcode::append_json_string(out, nsp);
  out.push_back('}');
}

}  // namespace

void append_broadcast(Buffer& data, Bytes event, std::optional<std::uint64_t> ack_id, std::string_view request_id,
                      const Target& target) {
  pack::map_header(data, request_id.empty() ? 2 : 3);
  pack::text(data, "packet");
  pack::map_header(data, ack_id ? 3 : 2);
  pack::text(data, "type");
  pack::unsigned_integer(data, event_packet_type);
  pack::text(data, "data");
  data.append(event);
  if (ack_id) {
    pack::text(data, "id");
    pack::unsigned_integer(data, *ack_id);
  }
  if (!request_id.empty()) {
    put_request_id(data, request_id);
  }
  put_target(data, target);
}

void append_rooms_change(Buffer& data, const Target& target, std::span<const Room> rooms) {
  pack::map_header(data, 2);
  put_target(data, target);
  pack::text(data, "rooms");
  pack::array_header(data, static_cast<std::uint32_t>(rooms.size()));
  for (const Room& room : rooms) {
    room.is_number() ? pack::number(data, room.value()) : pack::text(data, room.name());
  }
}

void append_disconnect(Buffer& data, const Target& target, bool close) {
  pack::map_header(data, 2);
  put_target(data, target);
  pack::text(data, "close");
  pack::boolean(data, close);
}

void append_fetch(Buffer& data, const Target& target, std::string_view request_id) {
  pack::map_header(data, 2);
  put_target(data, target);
  put_request_id(data, request_id);
}

void append_sockets(Buffer& data, std::string_view request_id, std::size_t count, Bytes sockets) {
  pack::map_header(data, 2);
  put_request_id(data, request_id);
  pack::text(data, "sockets");
  pack::array_header(data, static_cast<std::uint32_t>(count));
  data.append(sockets);
}

void append_server_side_event(Buffer& data, std::string_view request_id, Bytes event) {
  pack::map_header(data, request_id.empty() ? 1 : 2);
  if (!request_id.empty()) {
    put_request_id(data, request_id);
  }
  pack::text(data, "packet");
  data.append(event);
}

void append_answer(Buffer& data, std::string_view request_id, Bytes value) {
  pack::map_header(data, value.empty() ? 1 : 2);
  put_request_id(data, request_id);
  if (!value.empty()) {
    pack::text(data, "packet");
    data.append(value);
  }
}

void append_client_count(Buffer& data, std::string_view request_id, std::uint64_t count) {
  pack::map_header(data, 2);
  put_request_id(data, request_id);
  pack::text(data, "clientCount");
  pack::unsigned_integer(data, count);
}

bool needs_msgpack(Type type, Bytes data) noexcept {
  switch (type) {
    case Type::join:
    case Type::leave:
    case Type::disconnect:
    case Type::fetch_sockets:
    case Type::client_count: return false;
    default: break;
  }
  Cursor cursor(data);
  Item item;
  while (!cursor.at_end() && cursor.next(item)) {
    if (item.kind == Kind::binary || array_buffer_of(item)) {
      return true;
    }
  }
  return false;
}

void encode_msgpack(Buffer& out, Type type, Bytes data, std::string_view uid, std::string_view nsp) {
  pack::map_header(out, 4);
  pack::text(out, "type");
  pack::unsigned_integer(out, static_cast<std::uint64_t>(type));
  pack::text(out, "data");
  out.append(data);
  pack::text(out, "uid");
  pack::text(out, uid);
  pack::text(out, "nsp");
  pack::text(out, nsp);
}

Result<void> encode_json(Buffer& out, Type type, Bytes data, std::string_view uid, std::string_view nsp) {
  const std::size_t start = out.size();
  begin_json(out, type);
  if (const auto written = transcode::msgpack_to_json(data, out); !written.ok()) {
    out.truncate(start);
    return written;
  }
  end_json(out, uid, nsp);
  return {};
}

bool append_broadcast_json(Buffer& out, Bytes event, const Target& target) {
  const std::size_t start = out.size();
  std::vector<Bytes> binaries;  // allocates nothing as long as there are none
  transcode::MsgpackOptions options;
  options.binary = transcode::BinaryForm::placeholder;
  options.attachments = &binaries;
  options.depth_max = event_data::depth_max;
  out.append(R"({"packet":{"type":2,"data":)"sv);
  if (!transcode::msgpack_to_json(event, out, options).ok() || !binaries.empty()) {
    out.truncate(start);
    return false;
  }
  out.append(R"(},"opts":)"sv);
  selector::append_json_with_flags(out, target);
  out.push_back('}');
  return true;
}

bool encode_broadcast_json(Buffer& out, Bytes event, const Target& target, std::string_view uid, std::string_view nsp) {
  const std::size_t start = out.size();
  begin_json(out, Type::broadcast);
  if (!append_broadcast_json(out, event, target)) {
    out.truncate(start);
    return false;
  }
  end_json(out, uid, nsp);
  return true;
}

Result<void> encode_entry_data(Buffer& out, Type type, Bytes data, bool only_plaintext) {
  if (!only_plaintext && needs_msgpack(type, data)) {
    base64::encode(out, data);
    return {};
  }
  const std::size_t start = out.size();
  auto written = transcode::msgpack_to_json(data, out);
  if (!written.ok()) {
    out.truncate(start);
  }
  return written;
}

}  // namespace socketio::cluster_message
