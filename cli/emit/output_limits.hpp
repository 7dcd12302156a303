#pragma once

#include <socketio/emitter/output_limits.hpp>

#include "common/operation.hpp"
#include "common/options.hpp"
#include "dry_run.hpp"

namespace socketio::cli {

using emitter::OutputLimit;
using emitter::OutputLimits;

/// Memory that Redis needs to buffer one message.
[[nodiscard]] std::uint64_t kept_bytes(const Encoder::Publication& publication);

/// Sizes of operations in Redis' output buffer of each server. The names of rooms count like arguments.
class MessageSizes {
 public:
  explicit MessageSizes(const Options& options) : options_(options) {}

  /// Messages below this size are not compared with limits.
  static constexpr std::uint64_t small_bytes = emitter::small_message_bytes;

  /// Estimate from the sizes of arguments and names, without encoding; the encoded message may be up to six times as large.
  [[nodiscard]] static std::uint64_t estimate(const OwnedOperation& operation);
  struct Sizes {
    std::uint64_t subscribers = 0;  ///< of the largest message that is published to subscribers; 0: there is none
    std::uint64_t entry = 0;        ///< of the largest entry of a stream; 0: there is none
  };
  /// Sizes of the messages that the operation becomes.
  ///
  /// Fails      Error(too_large) for a message above the limit: Redis would close the connections of all servers.
  /// Cost       encodes a message that could come near a limit once more.
  Sizes of(const OwnedOperation& operation, const OutputLimits& limits);
  /// Checks a request, which all transports publish, in the same way.
  static void check_question(const OwnedOperation& operation, const Options& options, const OutputLimits& limits);
  /// Must be called when the transports in the options have changed.
  void forget_transports() { rehearsal_.reset(); }

 private:
  const Options& options_;
  std::optional<Rehearsal> rehearsal_;
};

}  // namespace socketio::cli
