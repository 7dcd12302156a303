#include "tally.hpp"

#include <algorithm>

namespace socketio::cli {

void ReceiverCounts::add(std::int64_t receivers) {
  receivers = std::max<std::int64_t>(receivers, 0);
  ++total_;
  if (static_cast<std::size_t>(receivers) < small_max) [[likely]] {
    ++small_[static_cast<std::size_t>(receivers)];
  } else {
    ++large_[receivers];
  }
}

void ReceiverCounts::change(std::int64_t before, std::int64_t now, std::uint64_t emits) {
  count_of(before) -= emits;
  count_of(now) += emits;
}

std::uint64_t ReceiverCounts::below(std::uint64_t receivers) const {
  std::uint64_t count = 0;
  for (std::size_t number = 0; number < std::min<std::uint64_t>(receivers, small_max); ++number) {
    count += small_[number];
  }
  for (const auto& [number, times] : large_) {
    count += static_cast<std::uint64_t>(number) < receivers ? times : 0;
  }
  return count;
}

std::int64_t ReceiverCounts::at(std::uint64_t place) const {
  std::uint64_t passed = 0;
  for (std::size_t number = 0; number < small_max; ++number) {
    passed += small_[number];
    if (passed > place) {
      return static_cast<std::int64_t>(number);
    }
  }
  for (const auto& [number, times] : large_) {
    passed += times;
    if (passed > place) {
      return number;
    }
  }
  return 0;
}

std::optional<std::int64_t> ReceiverCounts::min() const { return total_ == 0 ? std::nullopt : std::optional(at(0)); }

std::optional<double> ReceiverCounts::median() const {
  if (total_ == 0) {
    return std::nullopt;
  }
  return (static_cast<double>(at((total_ - 1) / 2)) + static_cast<double>(at(total_ / 2))) / 2;
}

}  // namespace socketio::cli
