#pragma once

#include <cstdint>

// The bits of a frame's first two bytes (RFC 6455, section 5.2).
namespace socketio::websocket_frame {

constexpr std::uint8_t final_bit = 0x80;       ///< first byte: the last fragment of a message
constexpr std::uint8_t compressed_bit = 0x40;  ///< first byte: RSV1, permessage-deflate (RFC 7692)
constexpr std::uint8_t masked_bit = 0x80;      ///< second byte

}  // namespace socketio::websocket_frame
