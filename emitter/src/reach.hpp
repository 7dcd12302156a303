#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/emitter/outlet.hpp>

namespace socketio::emitter {

/// Compares the number of receivers of each emit to all servers of a namespace with the largest number there before.
class Reach {
 public:
  /// Number of a namespace, from 1. 0: not compared.
  using Place = std::uint16_t;
  static constexpr std::size_t places_max = 1024;

  /// An emit and its place as one number, which the Redis client carries from the publish to its reply.
  [[nodiscard]] static EmitId tag(EmitId id, Place place) noexcept { return id | EmitId{place} << id_bits; }
  [[nodiscard]] static EmitId id_of(EmitId tag) noexcept { return tag & ((EmitId{1} << id_bits) - 1); }
  [[nodiscard]] static Place place_of_tag(EmitId tag) noexcept { return static_cast<Place>(tag >> id_bits); }

  /// The place of a namespace; a new one is added. 0 for those beyond `places_max`.
  /// Cost       one comparison for the namespace of the last call.
  Place place_of(std::string_view nsp) {
    if (nsp == last_) [[likely]] {
      return last_place_;
    }
    return find(nsp);
  }
  /// Counts a reply. True when it names fewer receivers than an earlier one in this period, or than the last one before it.
  bool is_fewer(Place place, std::int64_t receivers) noexcept {
    if (place == 0) {
      return false;
    }
    One& one = counts_[place - 1U];
    one.last = receivers;
    if (receivers < one.most) [[unlikely]] {
      return true;
    }
    one.most = receivers;
    return false;
  }
  void begin_period() noexcept {
    for (One& one : counts_) {
      one.most = one.last;
    }
  }

 private:
  static constexpr unsigned id_bits = 48;
  struct One {
    std::int64_t most = 0;
    std::int64_t last = 0;
  };

  Place find(std::string_view nsp) {
    auto found = places_.find(nsp);
    if (found == places_.end()) {
      if (counts_.size() == places_max) {
        return 0;
      }
      counts_.emplace_back();
      found = places_.emplace(nsp, static_cast<Place>(counts_.size())).first;
    }
    last_ = found->first;
    last_place_ = found->second;
    return last_place_;
  }

  std::map<std::string, Place, std::less<>> places_;
  std::vector<One> counts_;
  std::string_view last_;  ///< a key of `places_`
  Place last_place_ = 0;
};

}  // namespace socketio::emitter
