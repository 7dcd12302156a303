#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <socketio/emitter/encoder.hpp>
#include <socketio/redis/client.hpp>

#include "dry_run.hpp"
#include "common/operation.hpp"
#include "common/options.hpp"

// Limits of the output buffer that Redis keeps for a slow client before it closes the client's connection.
namespace socketio::cli {

/// One class of the setting client-output-buffer-limit; 0: no limit.
struct OutputLimit {
  std::uint64_t hard_bytes = 0;  ///< Redis closes the connection at once
  std::uint64_t soft_bytes = 0;  ///< Redis closes the connection after `soft_for`
  std::chrono::seconds soft_for{0};
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

/// Memory that Redis needs to buffer one message, rounded up to a block of its allocator.
[[nodiscard]] std::uint64_t kept_bytes(const Encoder::Publication& publication);
[[nodiscard]] std::uint64_t kept_bytes(std::size_t payload_bytes, std::size_t channel_bytes);

/// Sizes of operations in Redis' output buffer of each server. The names of rooms count like arguments.
class MessageSizes {
 public:
  explicit MessageSizes(const Options& options) : options_(options) {}

  /// Messages below this size are not compared with limits: they fit any limit.
  static constexpr std::uint64_t small_bytes = std::uint64_t{16} << 10;

  /// Estimate from the sizes of arguments and names, without encoding; the encoded message may be up to six times as large.
  [[nodiscard]] static std::uint64_t estimate(const Operation& operation);
  /// Size of the largest message that the operation publishes to subscribers; 0 if it only goes into a stream.
  ///
  /// Fails      Error(too_large) for a message above the limit: Redis would close the connections of all servers.
  /// Cost       encodes a message that could come near a limit once more.
  std::uint64_t for_subscribers(const Operation& operation, const OutputLimits& limits);
  /// Checks a request, which all transports publish, in the same way.
  static void check_question(const Operation& operation, const Options& options, const OutputLimits& limits);
  /// Must be called when the transports in the options have changed.
  void forget_transports() { rehearsal_.reset(); }

 private:
  const Options& options_;
  std::optional<Rehearsal> rehearsal_;
};

}  // namespace socketio::cli
