#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <socketio/emitter/options.hpp>

#include "reach.hpp"

namespace socketio::emitter {

/// Counts the outcomes of emits: since the beginning, and since the last flush.
class EmitCounters {
 public:
  /// An emit was given to the client.
  void begin() noexcept { ++waiting_; }
  /// An emit has ended.
  ///
  /// `place`  of its namespace, to compare the number of receivers; 0 where it cannot be compared.
  void end(redis::Outcome outcome, std::optional<std::int64_t> receivers, std::string_view message, Reach::Place place = 0);

  /// An emit with an empty list of rooms has ended: there was nothing to publish.
  void end_selected_nobody() noexcept {
    --waiting_;
    ++period_.selected_nobody;
  }

  /// Number for end(); see Reach.
  Reach::Place place_of(std::string_view nsp) { return reach_.place_of(nsp); }
  /// `count` servers stalled, and are not waited for any longer.
  void count_stalled(std::uint64_t count) noexcept { period_.stalled_servers += count; }
  /// Stores a sentence for the summary of this period; the first one remains.
  void note(std::string sentence) {
    if (period_.note.empty()) {
      period_.note = std::move(sentence);
    }
  }
  [[nodiscard]] bool has_note() const noexcept { return !period_.note.empty(); }

  [[nodiscard]] std::uint64_t waiting() const noexcept { return waiting_; }
  [[nodiscard]] EmitSummary totals() const;
  /// Returns the outcomes counted since the last call.
  EmitSummary take_period();

 private:
  std::uint64_t waiting_ = 0;
  EmitSummary before_;  ///< sum of the periods already taken
  EmitSummary period_;
  Reach reach_;
};

}  // namespace socketio::emitter
