#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace socketio::cli {

/// Number of servers in each namespace, from the last reply of Redis. Redis counts all subscribers as receivers of a publish:
/// servers, taps, and others. This class estimates the number of servers among them.
///
/// PUBSUB NUMSUB does not count the taps of classic servers, which subscribe to patterns. They are what an emit reaches beyond
/// the servers while the number of servers stays the same.
class ServerCounts {
 public:
  /// Index of a namespace.
  using Place = std::uint16_t;
  /// Place of namespaces beyond `places_max`, which are not counted.
  static constexpr Place no_place = 0xffff;
  static constexpr std::size_t places_max = 1024;

  /// The place of a namespace; a new one is added.
  /// Cost       one comparison for the namespace of the last call.
  Place place_of(std::string_view nsp);
  [[nodiscard]] const std::string& name_of(Place place) const { return places_[place].nsp; }
  [[nodiscard]] std::size_t place_count() const noexcept { return places_.size(); }

  /// `servers`  subscribers that look like servers; strangers may be among them.
  /// `taps`     further subscribers, which Redis counts among the receivers of every publish.
  /// `learns`   emits since the last call reached all subscribers that are counted here, so that they show how many others
  ///            receive what all servers get.
  /// `beside`   servers of another transport, which receive what goes by the main channel of the namespace, and no more.
  void set(Place place, std::uint64_t servers, std::uint64_t taps, bool learns = true, std::uint64_t beside = 0);
  /// Sets the number of subscribers that receive what all servers get, but no rooms: set() subtracts them from the servers.
  void set_strangers(Place place, std::uint64_t strangers);
  [[nodiscard]] bool is_known(Place place) const noexcept { return place != no_place && places_[place].servers.has_value(); }
  [[nodiscard]] std::optional<std::uint64_t> servers(Place place) const noexcept {
    return place == no_place ? std::nullopt : places_[place].servers;
  }

  /// Notes the receivers of an emit since the last set(). True when their number is a new one since the servers or taps
  /// changed: then they should be counted again.
  bool note(Place place, std::int64_t receivers, bool to_all) noexcept {
    Namespace& one = places_[place];
    const bool is_new = receivers > one.most_receivers || (to_all && receivers < one.least_receivers);
    one.most_receivers = std::max(one.most_receivers, receivers);
    if (to_all) {
      one.least_receivers = std::min(one.least_receivers, receivers);
      one.lowest = std::min(one.lowest, receivers);
    }
    return is_new;
  }
  /// Number of receivers of a message that are no servers.
  [[nodiscard]] std::int64_t others(Place place, bool to_all, bool by_main = true) const noexcept {
    const Namespace& one = places_[place];
    return static_cast<std::int64_t>(one.taps + (by_main ? one.beside : 0) + (to_all ? one.strangers + one.uncounted : 0));
  }

  /// Number of servers among the receivers of a message: at most the number of known servers.
  ///
  /// `others_max`  others() when the message was sent: some of them may have left before it or after it.
  /// `to_all`  true for a message to all servers. Taps subscribe to the channel of a room a little later than its first server,
  ///           so a single receiver there is a server.
  /// `by_main`  true for a message on the main channel of the namespace.
  [[nodiscard]] std::int64_t servers_among(Place place, std::int64_t receivers, bool to_all,
                                           std::int64_t others_max = INT64_MAX, bool by_main = true) const noexcept {
    if (!is_known(place) || receivers == 0) {
      return receivers;
    }
    const Namespace& one = places_[place];
    const std::int64_t without_others =
        std::max<std::int64_t>(receivers - std::min(others(place, to_all, by_main), others_max), to_all ? 0 : 1);
    return std::min(without_others, static_cast<std::int64_t>(std::max(*one.servers, one.before)));
  }
  /// True if each namespace has as many servers as it had at most.
  [[nodiscard]] bool all_back() const noexcept {
    return std::all_of(places_.begin(), places_.end(),
                       [](const Namespace& one) { return one.servers.value_or(0) >= one.most; });
  }
  /// The largest number of servers seen in the namespace.
  [[nodiscard]] std::uint64_t most_servers(Place place) const noexcept { return place == no_place ? 0 : places_[place].most; }

 private:
  struct Namespace {
    std::string nsp;
    std::optional<std::uint64_t> servers = {};
    std::uint64_t before = 0;  ///< the previous count: a server may have come back since the last one
    std::uint64_t taps = 0;
    std::uint64_t beside = 0;
    std::uint64_t strangers = 0;
    std::uint64_t uncounted = 0;  ///< further receivers of what all servers get
    std::uint64_t most = 0;
    std::int64_t lowest = INT64_MAX;  ///< receivers of an emit to all since the last count
    // Receivers of the emits since the servers or taps changed.
    std::int64_t least_receivers = INT64_MAX;
    std::int64_t most_receivers = -1;
  };
  std::vector<Namespace> places_;
  Place last_ = no_place;
};

}  // namespace socketio::cli
