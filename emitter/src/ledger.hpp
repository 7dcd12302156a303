#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <socketio/emitter/options.hpp>

namespace socketio::emitter {

/// Counts the outcomes of emits: since the beginning, and since the last flush.
class Ledger {
 public:
  /// An emit was given to the client.
  void begin() noexcept { ++waiting_; }
  /// An emit has ended.
  void end(redis::Outcome outcome, std::optional<std::int64_t> receivers, std::string_view message);

  /// An emit with an empty list of rooms has ended: there was nothing to publish.
  void end_selected_nobody() noexcept {
    --waiting_;
    ++period_.selected_nobody;
  }

  [[nodiscard]] std::uint64_t waiting() const noexcept { return waiting_; }
  [[nodiscard]] EmitSummary totals() const;
  /// Returns the outcomes counted since the last call.
  EmitSummary take_period();

 private:
  std::uint64_t waiting_ = 0;
  EmitSummary before_;  ///< sum of the periods already taken
  EmitSummary period_;
};

}  // namespace socketio::emitter
