#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/protocol/socketio_packet.hpp>
#include <socketio/server/frame.hpp>
#include <socketio/server/options.hpp>

namespace socketio::server {

/// Encodes Socket.IO packets as frames, in the format of the server's parser.
///
/// Cost  one pass over the data, and one copy into the frame.
class PacketWriter {
 public:
  explicit PacketWriter(Parser parser) noexcept : parser_(parser) {}

  /// Null when `data` cannot be encoded: JSON that is nested too deep.
  FrameRef event(std::string_view nsp, Bytes data, std::optional<std::int64_t> ack_id, bool compress);
  FrameRef ack(std::string_view nsp, std::int64_t id, Bytes array);
  FrameRef connect(std::string_view nsp, std::string_view sid, std::string_view pid, int revision);
  FrameRef connect_error(std::string_view nsp, std::string_view message, Bytes data, int revision);
  FrameRef disconnect(std::string_view nsp);

 private:
  FrameRef packet(const socketio_packet::Packet& packet, bool compress);
  FrameRef frame(bool compress = true);

  Parser parser_;
  Buffer text_;
  std::vector<Bytes> attachments_;
};

}  // namespace socketio::server
