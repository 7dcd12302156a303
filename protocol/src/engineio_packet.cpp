#include <socketio/protocol/engineio_packet.hpp>

#include <algorithm>

#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/js_number.hpp>
#include <socketio/protocol/transcode.hpp>

#include "engineio_text.hpp"

namespace socketio::engineio_packet {

void encode_open(Buffer& out, const Handshake& handshake) {
  using namespace std::string_view_literals;
  out.append("0{\"sid\":"sv);
  transcode::append_json_string(out, handshake.sid);
  out.append(handshake.upgradable ? ",\"upgrades\":[\"websocket\"]"sv : ",\"upgrades\":[]"sv);
  out.append(",\"pingInterval\":"sv);
  js_number::append(out, std::uint64_t{handshake.ping_interval_ms});
  out.append(",\"pingTimeout\":"sv);
  js_number::append(out, std::uint64_t{handshake.ping_timeout_ms});
  out.append(",\"maxPayload\":"sv);
  js_number::append(out, std::uint64_t{handshake.payload_bytes_max});
  out.push_back('}');
}

void encode(Buffer& out, const Packet& packet) {
  if (packet.binary) {
    out.push_back('b');
    base64::encode(out, packet.data);
  } else {
    engineio_text::encode(out, packet);
  }
}

void encode_payload(Buffer& out, std::span<const Packet> packets) {
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (i != 0) {
      out.push_back(separator);
    }
    encode(out, packets[i]);
  }
}

Result<Packet> decode(std::string_view text, Buffer& scratch) {
  if (text.starts_with('b')) {
    return engineio_text::decode_binary(text, 1, scratch);
  }
  return engineio_text::decode(text);
}

bool PayloadReader::next(Packet& packet) {
  if (ended_) {
    return false;
  }
  const std::size_t end = std::min(body_.find(static_cast<char>(separator), position_), body_.size());
  const auto result = decode(body_.substr(position_, end - position_), scratch_);
  ended_ = end == body_.size();
  if (!result.ok()) {
    ended_ = failed_ = true;
    error_ = {result.error().code, position_ + result.error().offset_bytes};
    return false;
  }
  packet = result.value();
  position_ = end + 1;
  return true;
}

}  // namespace socketio::engineio_packet
