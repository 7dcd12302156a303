#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::cli {

/// How many servers listen in each namespace, as Redis said last. What Redis counts as receivers of a publish are subscribers:
/// servers, taps, and whoever else listens; this tells the servers among them.
class ServerCounts {
 public:
  /// A namespace, as a number.
  using Place = std::uint16_t;
  /// Of namespaces that are too many to be counted.
  static constexpr Place no_place = 0xffff;
  static constexpr std::size_t places_max = 1024;

  /// Cost       one comparison for the namespace that was asked for last.
  Place place_of(std::string_view nsp);
  [[nodiscard]] const std::string& name_of(Place place) const { return places_[place].nsp; }
  [[nodiscard]] std::size_t place_count() const noexcept { return places_.size(); }

  /// `servers`  subscribers that count as servers; strangers may be among them.
  /// `taps`     subscribers besides, counted among the receivers of every publish.
  void set(Place place, std::uint64_t servers, std::uint64_t taps);
  /// Subscribers to what all servers get, but not to rooms: no servers, though they will be counted as such by set().
  void set_strangers(Place place, std::uint64_t strangers);
  [[nodiscard]] bool is_known(Place place) const noexcept { return place != no_place && places_[place].servers.has_value(); }
  [[nodiscard]] std::optional<std::uint64_t> servers(Place place) const noexcept {
    return place == no_place ? std::nullopt : places_[place].servers;
  }

  /// The servers among so many receivers: at most as many as there are.
  ///
  /// `to_all`  of a message that all servers get. The channel of a room taps follow a little later than its first server: who
  ///           alone receives there is a server.
  [[nodiscard]] std::int64_t servers_among(Place place, std::int64_t receivers, bool to_all) const noexcept {
    if (!is_known(place) || receivers == 0) {
      return receivers;
    }
    const Namespace& one = places_[place];
    const std::uint64_t others = one.taps + (to_all ? one.strangers : 0);
    const auto without_others = std::max<std::int64_t>(receivers - static_cast<std::int64_t>(others), to_all ? 0 : 1);
    return std::min(without_others, static_cast<std::int64_t>(std::max(*one.servers, one.before)));
  }
  /// As many servers listen everywhere as there were at most.
  [[nodiscard]] bool all_back() const noexcept {
    return std::all_of(places_.begin(), places_.end(),
                       [](const Namespace& one) { return one.servers.value_or(0) >= one.most; });
  }
  /// The most servers that were seen there.
  [[nodiscard]] std::uint64_t most_servers(Place place) const noexcept { return place == no_place ? 0 : places_[place].most; }

 private:
  struct Namespace {
    std::string nsp;
    std::optional<std::uint64_t> servers = {};
    std::uint64_t before = 0;  ///< the count before: a server may have come back since the last one
    std::uint64_t taps = 0;
    std::uint64_t strangers = 0;
    std::uint64_t most = 0;
  };
  std::vector<Namespace> places_;
  Place last_ = no_place;
};

}  // namespace socketio::cli
