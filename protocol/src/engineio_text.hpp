#pragma once

#include <cassert>
#include <cstddef>
#include <string_view>

#include <socketio/common/buffer.hpp>
#include <socketio/common/result.hpp>
#include <socketio/protocol/engineio_packet.hpp>

#include "relaxed_base64.hpp"

// The text form, as far as it is the same in all revisions.
namespace socketio::engineio_text {

using engineio_packet::Packet;
using engineio_packet::Type;

inline void encode(Buffer& out, const Packet& packet) {
  assert(!packet.binary);
  out.push_back(static_cast<std::uint8_t>('0' + static_cast<int>(packet.type)));
  out.append(packet.data);
}

inline Result<Packet> decode(std::string_view text) {
  if (text.empty()) {
    return DecodeError{Errc::truncated, 0};
  }
  if (text.front() < '0' || text.front() > '6') {
    return DecodeError{Errc::bad_value, 0};
  }
  return Packet{static_cast<Type>(text.front() - '0'), false, as_bytes(text.substr(1))};
}

/// Decodes the binary message whose base64 begins at `offset`.
inline Result<Packet> decode_binary(std::string_view text, std::size_t offset, Buffer& scratch) {
  scratch.clear();
  if (!relaxed_base64::decode(scratch, text.substr(offset))) {
    return DecodeError{Errc::bad_syntax, offset};
  }
  return Packet{Type::message, true, scratch.bytes()};
}

}  // namespace socketio::engineio_text
