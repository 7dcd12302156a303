#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include <socketio/redis/client.hpp>

// Limits of the output buffer that Redis keeps for a slow client before it closes the client's connection.
namespace socketio::emitter {

/// One class of the setting client-output-buffer-limit; 0: no limit.
struct OutputLimit {
  std::uint64_t hard_bytes = 0;  ///< Redis closes the connection at once
  std::uint64_t soft_bytes = 0;  ///< Redis closes the connection after `soft_for`
  std::chrono::seconds soft_for{0};

  /// True if Redis closes the connection of each client for which it has to buffer one message of `kept` bytes.
  [[nodiscard]] bool refuses(std::uint64_t kept) const noexcept { return hard_bytes != 0 && kept >= hard_bytes; }
  /// Bytes that are far below both limits; UINT64_MAX without limits.
  [[nodiscard]] std::uint64_t easy_bytes() const noexcept {
    return std::min(hard_bytes == 0 ? UINT64_MAX : hard_bytes / 4, soft_bytes == 0 ? UINT64_MAX : soft_bytes / 2);
  }
};

struct OutputLimits {
  OutputLimit subscribers{std::uint64_t{32} << 20, std::uint64_t{8} << 20, std::chrono::seconds(60)};
  OutputLimit stream_readers{};
};

/// Reads "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60". Classes that are missing keep Redis' default
/// values.
OutputLimits output_limits_in(std::string_view setting);

/// Sends CONFIG GET client-output-buffer-limit. Calls `done` once, with Redis' default values when Redis does not report it.
void ask_output_limits(redis::Client& client, std::function<void(const OutputLimits&)> done);

/// Messages below this size fit any limit.
constexpr std::uint64_t small_message_bytes = std::uint64_t{16} << 10;

/// Memory that Redis needs to buffer one message, rounded up to a block of its allocator.
[[nodiscard]] std::uint64_t kept_bytes(std::size_t payload_bytes, std::size_t channel_bytes);

}  // namespace socketio::emitter
