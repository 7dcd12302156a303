#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace socketio::cli {

/// How many emits reached how many servers: enough for the smallest number and the median, in constant memory.
class ReceiverCounts {
 public:
  void add(std::int64_t receivers);
  /// So many of those that were added with `before` reached `now`.
  void change(std::int64_t before, std::int64_t now, std::uint64_t emits);

  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t below(std::uint64_t receivers) const;
  [[nodiscard]] std::optional<std::int64_t> min() const;
  /// Calls `function(receivers, emits)`, by ascending receivers.
  template <typename Function>
  void for_each(const Function& function) const {
    for (std::size_t number = 0; number < small_max; ++number) {
      if (small_[number] != 0) {
        function(static_cast<std::int64_t>(number), small_[number]);
      }
    }
    for (const auto& [number, times] : large_) {
      if (times != 0) {
        function(number, times);
      }
    }
  }
  /// Between the two in the middle when the number of emits is even.
  [[nodiscard]] std::optional<double> median() const;

 private:
  /// Fleets are small. What is above goes into a map.
  static constexpr std::size_t small_max = 256;
  std::uint64_t& count_of(std::int64_t receivers) {
    return static_cast<std::size_t>(receivers) < small_max ? small_[static_cast<std::size_t>(receivers)] : large_[receivers];
  }
  /// The one at a place when all are in order.
  [[nodiscard]] std::int64_t at(std::uint64_t place) const;

  std::vector<std::uint64_t> small_ = std::vector<std::uint64_t>(small_max);
  std::map<std::int64_t, std::uint64_t> large_;
  std::uint64_t total_ = 0;
};

/// What became of everything that was to be sent.
struct Tally {
  std::uint64_t failed = 0;       ///< bad lines, refused, and not sent
  std::uint64_t unconfirmed = 0;  ///< written to a Redis that went away before it answered
  ReceiverCounts receivers;       ///< of those that Redis took, where it counts
  /// Taken as well, by a transport that does not tell whom they reach.
  std::uint64_t receivers_unknown = 0;

  std::uint64_t fewer = 0;            ///< of a batch: reached fewer servers than there were
  std::uint64_t empty_rooms = 0;      ///< reached no server, though servers listen: none of them has a client in the room
  std::uint64_t selected_nobody = 0;  ///< lines with an empty list of rooms: nothing was to be sent

  std::uint64_t bad_lines = 0;  ///< among `failed`
  std::uint64_t refused = 0;    ///< among `failed`: Redis answered with an error
  std::uint64_t not_sent = 0;   ///< among `failed`: Redis was away

  [[nodiscard]] std::uint64_t sent() const noexcept { return receivers.total() + receivers_unknown; }
  [[nodiscard]] std::uint64_t no_receivers() const { return receivers.below(1); }
  /// Everything that has ended.
  [[nodiscard]] std::uint64_t ended() const noexcept { return sent() + failed + unconfirmed + selected_nobody; }
};

}  // namespace socketio::cli
