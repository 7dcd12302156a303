#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <socketio/emitter/encoder.hpp>
#include <socketio/redis/client.hpp>

#include "dry_run.hpp"
#include "operation.hpp"
#include "options.hpp"

// How much Redis keeps for a client that reads slowly, before it cuts the client's connection.
namespace socketio::cli {

/// One class of the setting client-output-buffer-limit; 0: no limit.
struct OutputLimit {
  std::uint64_t hard_bytes = 0;  ///< reached: cut at once
  std::uint64_t soft_bytes = 0;  ///< reached for `soft_for`: cut
  std::chrono::seconds soft_for{0};
};

struct OutputLimits {
  OutputLimit subscribers{std::uint64_t{32} << 20, std::uint64_t{8} << 20, std::chrono::seconds(60)};
  OutputLimit stream_readers{};
};

/// Reads "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60". What is missing there stays as Redis has it
/// unless configured.
OutputLimits output_limits_in(std::string_view setting);

/// CONFIG GET client-output-buffer-limit. Calls `done` once, with Redis' own defaults when Redis does not tell.
void ask_output_limits(redis::Client& client, std::function<void(const OutputLimits&)> done);

/// The memory that Redis takes to keep one message: of a large one, what its allocator makes of it.
[[nodiscard]] std::uint64_t kept_bytes(const Encoder::Publication& publication);
[[nodiscard]] std::uint64_t kept_bytes(std::size_t payload_bytes, std::size_t channel_bytes);

/// The size of operations as Redis keeps them for each server. The names of rooms count as the arguments do.
class MessageSizes {
 public:
  explicit MessageSizes(const Options& options) : options_(options) {}

  /// Smaller messages are not compared with limits: they fit any.
  static constexpr std::uint64_t small_bytes = std::uint64_t{16} << 10;

  /// From the sizes of arguments and names, without encoding; the encoded message may have up to six times as many bytes.
  [[nodiscard]] static std::uint64_t estimate(const Operation& operation);
  /// The largest message that the operation becomes, for subscribers; 0 for those that only go into a stream.
  ///
  /// Fails      Error(too_large) for a message above the limit, which would end the connections of all servers.
  /// Cost       encodes a message that could come near a limit once more.
  std::uint64_t for_subscribers(const Operation& operation, const OutputLimits& limits);
  /// The same of a question, which all transports publish.
  static void check_question(const Operation& operation, const Options& options, const OutputLimits& limits);
  /// The transports are known now, or others than before.
  void forget_transports() { rehearsal_.reset(); }

 private:
  const Options& options_;
  std::optional<Rehearsal> rehearsal_;
};

}  // namespace socketio::cli
