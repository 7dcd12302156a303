#include "packet_writer.hpp"

#include <socketio/protocol/socketio_msgpack_packet.hpp>

namespace socketio::server {
namespace {

constexpr std::size_t kept_bytes = std::size_t{1} << 20;

}  // namespace

FrameRef PacketWriter::packet(const socketio_packet::Packet& packet, bool compress) {
  text_.clear_and_shrink(kept_bytes);
  attachments_.clear();
  const bool written = parser_ == Parser::msgpack ? socketio_msgpack_packet::encode(text_, packet).ok()
                                                  : socketio_packet::encode(text_, packet, attachments_).ok();
  return written ? frame(compress) : FrameRef();
}

FrameRef PacketWriter::frame(bool compress) {
  return parser_ == Parser::msgpack ? FrameRef::binary(text_.bytes(), compress)
                                    : FrameRef::text(text_.text(), attachments_, compress);
}

FrameRef PacketWriter::event(std::string_view nsp, Bytes data, std::optional<std::int64_t> ack_id, bool compress) {
  return packet({socketio_packet::Type::event, nsp, ack_id, data}, compress);
}

FrameRef PacketWriter::ack(std::string_view nsp, std::int64_t id, Bytes array) {
  return packet({socketio_packet::Type::ack, nsp, id, array}, true);
}

FrameRef PacketWriter::connect(std::string_view nsp, std::string_view sid, std::string_view pid, int revision) {
  text_.clear();
  attachments_.clear();
  if (parser_ == Parser::msgpack) {
    socketio_msgpack_packet::encode_connect(text_, nsp, sid, pid);
  } else if (revision == 3) {
    socketio_packet::encode_connect_revision4(text_, nsp);
  } else {
    socketio_packet::encode_connect(text_, nsp, sid, pid);
  }
  return frame();
}

FrameRef PacketWriter::connect_error(std::string_view nsp, std::string_view message, Bytes data, int revision) {
  text_.clear();
  attachments_.clear();
  const auto written = parser_ == Parser::msgpack ? socketio_msgpack_packet::encode_connect_error(text_, nsp, message, data)
                       : revision == 3            ? socketio_packet::encode_error_revision4(text_, nsp, message, data)
                                                  : socketio_packet::encode_connect_error(text_, nsp, message, data);
  if (!written.ok()) {  // the data cannot be encoded: sends the message alone
    return data.empty() ? FrameRef() : connect_error(nsp, message, {}, revision);
  }
  return frame();
}

FrameRef PacketWriter::disconnect(std::string_view nsp) {
  text_.clear();
  attachments_.clear();
  if (parser_ == Parser::msgpack) {
    socketio_msgpack_packet::encode_disconnect(text_, nsp);
  } else {
    socketio_packet::encode_disconnect(text_, nsp);
  }
  return frame();
}

}  // namespace socketio::server
