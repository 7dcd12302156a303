#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

namespace socketio::cli {

/// Number of emits by the number of servers they reached: for the minimum and the median, in little memory.
class ReceiverCounts {
 public:
  void add(std::int64_t receivers) {
    ++counts_[std::max<std::int64_t>(receivers, 0)];
    ++total_;
  }
  /// Moves `emits` of those that were added with `before` receivers to `now` receivers.
  void change(std::int64_t before, std::int64_t now, std::uint64_t emits) {
    counts_[before] -= emits;
    counts_[now] += emits;
  }

  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t below(std::uint64_t receivers) const;
  [[nodiscard]] std::optional<std::int64_t> min() const { return total_ == 0 ? std::nullopt : std::optional(at(0)); }
  /// The median; the mean of the two middle values when the number of emits is even.
  [[nodiscard]] std::optional<double> median() const;
  /// Calls `function(receivers, emits)`, by ascending receivers.
  template <typename Function>
  void for_each(const Function& function) const {
    for (const auto& [receivers, emits] : counts_) {
      if (emits != 0) {
        function(receivers, emits);
      }
    }
  }

 private:
  /// The value at a place of the sorted sequence.
  [[nodiscard]] std::int64_t at(std::uint64_t place) const;

  std::map<std::int64_t, std::uint64_t> counts_;
  std::uint64_t total_ = 0;
};

/// Results of all emits and lines.
struct Tally {
  std::uint64_t failed = 0;       ///< bad lines, refused, and not sent
  std::uint64_t unconfirmed = 0;  ///< written, but Redis was lost before it replied
  ReceiverCounts receivers;       ///< of confirmed emits, on transports that count receivers
  /// Confirmed emits on a transport that does not count receivers.
  std::uint64_t receivers_unknown = 0;

  std::uint64_t fewer = 0;            ///< of a batch: emits that reached fewer servers than there were
  std::uint64_t empty_rooms = 0;      ///< emits to rooms without clients: reached no server, although there are some
  std::uint64_t selected_nobody = 0;  ///< lines with an empty list of rooms: nothing to send

  std::uint64_t bad_lines = 0;  ///< among `failed`
  std::uint64_t refused = 0;    ///< among `failed`: Redis answered with an error
  std::uint64_t not_sent = 0;   ///< among `failed`: Redis was away

  [[nodiscard]] std::uint64_t sent() const noexcept { return receivers.total() + receivers_unknown; }
  [[nodiscard]] std::uint64_t no_receivers() const { return receivers.below(1); }
  /// Number of completed emits and lines.
  [[nodiscard]] std::uint64_t ended() const noexcept { return sent() + failed + unconfirmed + selected_nobody; }
};

}  // namespace socketio::cli
