#include "slot_map_refresh.hpp"

#include <algorithm>
#include <utility>

#include <socketio/common/milliseconds.hpp>

#include "retry.hpp"

namespace socketio::redis {
namespace {

/// Maximum of the growing delays while something is wrong. It is short, so that a cluster that has recovered is used again
/// soon.
constexpr std::uint64_t refresh_wait_max_ms = 1'000;
/// Time since the last query after which the delays start again from the minimum.
constexpr std::uint64_t trouble_ends_ms = 10'000;

}  // namespace

std::optional<std::uint64_t> SlotMapRefresh::request(std::uint64_t now_ms, Random& random) {
  is_again_ = is_again_ || is_running_;
  if (is_running_ || is_urgent_ || is_wanted_) {
    return std::nullopt;
  }
  is_urgent_ = true;
  const std::uint64_t longest_ms = std::min<std::uint64_t>(in_ms(options_.backoff_max), refresh_wait_max_ms);
  const std::uint64_t due_ms = began_ms_ + backoff_ms(in_ms(options_.backoff_min), longest_ms, trouble_, random);
  return due_ms > now_ms ? due_ms - now_ms : 0;
}

bool SlotMapRefresh::begin(std::uint64_t now_ms) noexcept {
  if (!std::exchange(is_wanted_, false) || is_running_) {
    return false;
  }
  trouble_ = is_urgent_ && now_ms - began_ms_ < trouble_ends_ms ? trouble_ + 1 : 0;
  began_ms_ = now_ms;
  is_running_ = true;
  is_urgent_ = false;
  is_again_ = false;
  return true;
}

std::optional<std::uint64_t> SlotMapRefresh::next(bool is_urgent, std::uint64_t now_ms, Random& random) {
  if (is_urgent || is_again_) {
    return request(now_ms, random);
  }
  if (is_urgent_ || in_ms(options_.cluster_refresh) == 0) {
    return std::nullopt;
  }
  return in_ms(options_.cluster_refresh) - random_below(random, in_ms(options_.cluster_refresh) / 4 + 1);
}

}  // namespace socketio::redis
