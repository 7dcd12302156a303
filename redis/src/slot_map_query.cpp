#include "slot_map_query.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include <socketio/common/milliseconds.hpp>

#include "retry.hpp"

namespace socketio::redis {
namespace {

/// Time after which the next node is asked as well, if a node has not replied.
constexpr std::uint64_t next_after_ms = 200;
constexpr std::size_t at_once_max = 8;

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

SlotMapQuery::SlotMapQuery(Loop& loop, MakeClient make, std::vector<Endpoint> nodes, std::function<void()> ended,
                           Counters& counters)
    : make_(std::move(make)), nodes_(std::move(nodes)), tell_(std::move(ended)), counters_(counters), next_timer_(loop, [this] {
        ask_next();
      }) {
  asked_.reserve(nodes_.size());
  ask_next();
}

SlotMapQuery::~SlotMapQuery() {
  ended_ = true;
  for (Asked& one : asked_) {
    drop(std::move(one.client));
  }
  drop(std::move(connection_));
}

void SlotMapQuery::drop(std::shared_ptr<SingleClient> client) {
  if (client) {
    client->destroy();
    add_traffic(counters_, client->counters());
  }
}

void SlotMapQuery::ask_next() {
  const std::size_t index = asked_.size();
  if (ended_ || index == nodes_.size()) {
    return;
  }
  if (index - failed_count_ < at_once_max) {
    const auto client = make_(nodes_[index]);
    asked_.push_back({nodes_[index], client});
    client->reports().on_state([this, index](State state, std::string_view why) {
      if (state == State::disconnected && asked_[index].client) {
        failed(index, std::string(why), asked_[index].client->reports().last_error_is_refusal());
      }
    });
    const std::array<std::string_view, 2> words{"CLUSTER", "SLOTS"};
    client->command(words, [this, index](CommandResult result) { took_answer(index, std::move(result)); });
    client->connect();
  }
  next_timer_.start(next_after_ms);
}

void SlotMapQuery::took_answer(std::size_t index, CommandResult result) {
  Asked& asked = asked_[index];
  if (ended_ || !asked.client) {
    return;
  }
  const std::string node = "Redis at " + describe(asked.endpoint);
  if (result.outcome == Outcome::refused) {
    const bool no_cluster = result.message.find("cluster support disabled") != std::string::npos;
    const bool not_now = result.message.starts_with("LOADING") || result.message.starts_with("CLUSTERDOWN");
    failed(index,
           no_cluster ? node + " is not part of a cluster: the URL must begin with redis:// or rediss://."
                      : node + " does not tell the cluster's slots (" + result.message + ").",
           !not_now);
    return;
  }
  if (result.outcome != Outcome::ok) {
    return;  // the change of its state reports the failure
  }
  std::string error;
  auto map = parse_slot_map(result.reply, asked.endpoint.host, error);
  if (!map) {
    failed(index, node + " gives no useful list of the cluster's slots: " + error + ".", false);
    return;
  }
  map_ = std::move(map);
  from_ = asked.endpoint;
  connection_ = std::move(asked.client);
  connection_->reports().on_state({});
  ended_ = true;
  next_timer_.stop();
  tell_();
}

void SlotMapQuery::failed(std::size_t index, const std::string& why, bool refusal) {
  const std::shared_ptr<SingleClient> client = std::move(asked_[index].client);
  asked_[index].client = nullptr;
  ++failed_count_;
  if (why_.empty() || refusal || !is_refusal_) {
    why_ = why;
    is_refusal_ = refusal;
  }
  drop(client);
  if (failed_count_ == nodes_.size()) {
    ended_ = true;
    next_timer_.stop();
    tell_();
  } else {
    ask_next();
  }
}

}  // namespace socketio::redis
