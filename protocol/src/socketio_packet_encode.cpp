#include <cassert>
#include <charconv>
#include <cstring>

#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/socketio_packet.hpp>
#include <socketio/protocol/transcode.hpp>

#include "text_name.hpp"

namespace socketio::socketio_packet {
namespace {

using namespace std::string_view_literals;

void append_header(Buffer& out, Type type, std::string_view nsp, std::optional<std::int64_t> id) {
  out.push_back(static_cast<std::uint8_t>('0' + static_cast<int>(type)));
  if (nsp != "/"sv) {
    out.append(nsp);
    out.push_back(',');
  }
  if (id) {
    assert(*id >= 0);
    js_number::append(out, *id);
  }
}

/// Turns the packet at `start` into one of a binary type.
void insert_attachment_count(Buffer& out, std::size_t start, Type type, std::size_t count) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, count).ptr;
  const auto size = static_cast<std::size_t>(end - digits);
  const Type binary_type = type == Type::event ? Type::binary_event : Type::binary_ack;
  out.insert_gap(start + 1, size + 1);
  out.data()[start] = static_cast<std::uint8_t>('0' + static_cast<int>(binary_type));
  std::memcpy(out.data() + start + 1, digits, size);
  out.data()[start + 1 + size] = '-';
}

/// Appends one msgpack value as JSON.stringify would write it. On failure truncates `out` to `start`.
Result<void> append_plain(Buffer& out, std::size_t start, Bytes value) {
  const auto result = transcode::msgpack_to_json(value, out);
  if (!result.ok()) {
    out.truncate(start);
  }
  return result;
}

}  // namespace

Result<void> encode(Buffer& out, const Packet& packet, std::vector<Bytes>& attachments) {
  assert(packet.type <= Type::connect_error);
  const std::size_t start = out.size();
  attachments.clear();
  append_header(out, packet.type, packet.nsp, packet.id);
  if (packet.data.empty()) {
    return {};
  }
  if (packet.type != Type::event && packet.type != Type::ack) {
    return append_plain(out, start, packet.data);
  }
  Buffer renamed;
  const Bytes data = packet.type == Type::event ? text_name::with_text_name(packet.data, renamed) : packet.data;
  transcode::MsgpackOptions options;
  options.proto_members = true;
  options.binary = transcode::BinaryForm::placeholder;
  options.attachments = &attachments;
  const auto result = transcode::msgpack_to_json(data, out, options);
  if (!result.ok()) {
    out.truncate(start);
    return result;
  }
  if (!renamed.empty()) {
    text_name::move_views(attachments, renamed.bytes(), packet.data);
  }
  if (!attachments.empty()) {
    insert_attachment_count(out, start, packet.type, attachments.size());
  }
  return {};
}

void encode_connect(Buffer& out, std::string_view nsp, std::string_view sid, std::string_view pid) {
  append_header(out, Type::connect, nsp, std::nullopt);
  out.append("{\"sid\":"sv);
  transcode::append_json_string(out, sid);
  if (!pid.empty()) {
    out.append(",\"pid\":"sv);
    transcode::append_json_string(out, pid);
  }
  out.push_back('}');
}

Result<void> encode_connect_error(Buffer& out, std::string_view nsp, std::string_view message, Bytes data) {
  const std::size_t start = out.size();
  append_header(out, Type::connect_error, nsp, std::nullopt);
  out.append("{\"message\":"sv);
  transcode::append_json_string(out, message);
  if (!data.empty()) {
    out.append(",\"data\":"sv);
    if (const auto result = append_plain(out, start, data); !result.ok()) {
      return result;
    }
  }
  out.push_back('}');
  return {};
}

void encode_disconnect(Buffer& out, std::string_view nsp) { append_header(out, Type::disconnect, nsp, std::nullopt); }

void encode_connect_revision4(Buffer& out, std::string_view nsp) { append_header(out, Type::connect, nsp, std::nullopt); }

Result<void> encode_error_revision4(Buffer& out, std::string_view nsp, std::string_view message, Bytes data) {
  const std::size_t start = out.size();
  append_header(out, Type::connect_error, nsp, std::nullopt);
  if (!data.empty()) {
    return append_plain(out, start, data);
  }
  transcode::append_json_string(out, message);
  return {};
}

}  // namespace socketio::socketio_packet
