#pragma once

#include <cstdint>
#include <string_view>

namespace socketio::redis {

/// Number of slots over which a Redis Cluster distributes its keys, and the channels of sharded pub/sub.
inline constexpr std::uint16_t slot_count = 16'384;

/// CRC16 of the XMODEM kind: polynomial 0x1021, initial value 0.
[[nodiscard]] std::uint16_t crc16(std::string_view bytes) noexcept;

/// The slot of a key or channel: CRC16, modulo slot_count, of the text between the first `{` and the next `}`, or of the whole
/// text if that is empty or there is none.
[[nodiscard]] std::uint16_t slot_of(std::string_view key) noexcept;

}  // namespace socketio::redis
