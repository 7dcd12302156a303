#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/socketio_packet.hpp>

#include "support/golden.hpp"

// What the tests of both Socket.IO parsers share: packets in the golden notation, and in our types.
namespace fixture {

using socketio::socketio_packet::Packet;
using socketio::socketio_packet::Type;
using socketio::socketio_packet::Violation;

/// A packet that owns what it shows.
struct OwnPacket {
  Type type = Type::event;
  std::string nsp = "/";
  std::optional<std::int64_t> id;
  std::string data;  ///< msgpack

  OwnPacket() = default;
  explicit OwnPacket(const Packet& packet)
      : type(packet.type), nsp(packet.nsp), id(packet.id), data(socketio::as_text(packet.data)) {}
  /// From the notation; absent and undefined data and ids are none.
  explicit OwnPacket(const golden::Json& packet)
      : type(static_cast<Type>(packet.at("type").get<int>())), nsp(packet.at("nsp")) {
    if (packet.contains("id") && packet.at("id").is_number()) {
      id = packet.at("id").get<std::int64_t>();
    }
    if (packet.contains("data") && packet.at("data") != golden::Json{{"$undefined", true}}) {
      socketio::Buffer packed;
      golden::append_packed(packed, packet.at("data"));
      data = packed.text();
    }
  }

  [[nodiscard]] Packet view() const { return {type, nsp, id, socketio::as_bytes(data)}; }
  friend bool operator==(const OwnPacket&, const OwnPacket&) = default;
};

/// Msgpack of the array of these texts.
inline std::string packed_texts(std::initializer_list<std::string_view> texts) {
  golden::Json items = golden::Json::array();
  for (const std::string_view text : texts) {
    items.push_back(text);
  }
  socketio::Buffer packed;
  golden::append_packed(packed, items);
  return std::string(packed.text());
}

/// Msgpack of a value in the golden notation.
inline std::string packed_value(const golden::Json& value) {
  socketio::Buffer packed;
  golden::append_packed(packed, value);
  return std::string(packed.text());
}

/// Bytes of a `$bin` frame, or of a text one.
inline std::string frame_bytes(const golden::Json& frame) {
  if (frame.is_string()) {
    return frame.get<std::string>();
  }
  const std::string packed = packed_value(frame);
  return packed.substr(2);  // the frames of the vectors are short: c4, size, bytes
}

}  // namespace fixture
