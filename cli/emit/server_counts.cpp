#include "server_counts.hpp"

#include <utility>

namespace socketio::cli {

ServerCounts::Place ServerCounts::place_of(std::string_view nsp) {
  if (last_ != no_place && places_[last_].nsp == nsp) [[likely]] {
    return last_;
  }
  const auto found = std::find_if(places_.begin(), places_.end(), [nsp](const Namespace& one) { return one.nsp == nsp; });
  if (found == places_.end() && places_.size() == places_max) {
    return no_place;
  }
  last_ = static_cast<Place>(found - places_.begin());
  if (found == places_.end()) {
    places_.push_back({std::string(nsp)});
  }
  return last_;
}

void ServerCounts::set_strangers(Place place, std::uint64_t strangers) {
  if (place != no_place) {
    places_[place].strangers = strangers;
  }
}

void ServerCounts::set(Place place, std::uint64_t subscribers, std::uint64_t taps, bool learns, std::uint64_t beside) {
  if (place != no_place) {
    Namespace& one = places_[place];
    const std::uint64_t servers = subscribers - std::min(subscribers, one.strangers);
    const auto lowest = std::exchange(one.lowest, INT64_MAX);
    if (one.servers != servers || one.taps != taps || one.beside != beside) {  // the emits since the last count reached both
      one.least_receivers = INT64_MAX;
      one.most_receivers = -1;
    } else if (learns && lowest != INT64_MAX) {
      const auto counted = static_cast<std::int64_t>(servers + taps + beside + one.strangers);
      one.uncounted = static_cast<std::uint64_t>(std::max<std::int64_t>(lowest - counted, 0));
    }
    one.before = one.servers.value_or(servers);
    one.servers = servers;
    one.taps = taps;
    one.beside = beside;
    one.most = std::max(one.most, servers);
  }
}

}  // namespace socketio::cli
