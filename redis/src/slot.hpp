#pragma once

#include <cstdint>
#include <string_view>

namespace socketio::redis {

/// A Redis Cluster shares out its keys, and the channels of sharded pub/sub, by so many slots.
inline constexpr std::uint16_t slot_count = 16'384;

/// CRC16 of the XMODEM kind: polynomial 0x1021, from 0.
[[nodiscard]] std::uint16_t crc16(std::string_view bytes) noexcept;

/// The slot of a key or channel: CRC16 modulo slot_count, of what stands between the first `{` and the next `}` if that is not
/// empty, or else of all of it.
[[nodiscard]] std::uint16_t slot_of(std::string_view key) noexcept;

}  // namespace socketio::redis
