#include "tally.hpp"

namespace socketio::cli {

std::uint64_t ReceiverCounts::below(std::uint64_t receivers) const {
  std::uint64_t count = 0;
  for (auto entry = counts_.begin(); entry != counts_.end() && static_cast<std::uint64_t>(entry->first) < receivers; ++entry) {
    count += entry->second;
  }
  return count;
}

std::int64_t ReceiverCounts::at(std::uint64_t place) const {
  std::uint64_t passed = 0;
  const auto found = std::find_if(counts_.begin(), counts_.end(), [&](const auto& entry) {
    passed += entry.second;
    return passed > place;
  });
  return found == counts_.end() ? 0 : found->first;
}

std::optional<double> ReceiverCounts::median() const {
  if (total_ == 0) {
    return std::nullopt;
  }
  return (static_cast<double>(at((total_ - 1) / 2)) + static_cast<double>(at(total_ / 2))) / 2;
}

}  // namespace socketio::cli
