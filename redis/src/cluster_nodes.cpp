#include "cluster_nodes.hpp"

#include <algorithm>
#include <utility>

#include "retry.hpp"
#include "single_client.hpp"

namespace socketio::redis {
namespace {

/// Maximum number of nodes that are kept. It is above the limit of a slot map, because nodes that have just left it are kept,
/// too.
constexpr std::size_t nodes_max = 4 * limits::cluster_nodes_max;

}  // namespace

NodeId ClusterNodes::find(const Endpoint& endpoint) const noexcept {
  for (std::size_t id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id] && nodes_[id]->endpoint == endpoint) {
      return static_cast<NodeId>(id);
    }
  }
  return no_node;
}

NodeId ClusterNodes::find_or_add(const Endpoint& endpoint) {
  if (const NodeId found = find(endpoint); found != no_node) {
    return found;
  }
  auto place = std::find(nodes_.begin(), nodes_.end(), nullptr);
  if (place == nodes_.end()) {
    if (nodes_.size() >= nodes_max) {
      return no_node;
    }
    place = nodes_.emplace(nodes_.end());
  }
  *place = std::make_unique<ClusterNode>();
  (*place)->endpoint = endpoint;
  return static_cast<NodeId>(place - nodes_.begin());
}

void ClusterNodes::on_lost(NodeId id, std::uint64_t now_ms) noexcept {
  ClusterNode& node = *nodes_[id];
  node.away_since_ms = node.is_away ? node.away_since_ms : now_ms;
  node.is_away = true;
}

void ClusterNodes::apply(const SlotMap& map, std::uint64_t now_ms) {
  ++map_number_;
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    if (node) {
      node->is_listed = false;
      node->is_primary = false;
      node->is_away = node->is_away && (node->commands || node->subscriber);  // another attempt may be made
    }
  }
  std::vector<NodeId> ids;
  for (const SlotMap::Node& node : map.nodes) {
    ids.push_back(find_or_add(node.endpoint));
    if (ids.back() != no_node) {
      nodes_[ids.back()]->is_listed = true;
      nodes_[ids.back()]->is_primary = node.is_primary;
    }
  }
  owners_.resize(slot_count, no_node);
  for (std::size_t slot = 0; slot < map.owners.size(); ++slot) {
    const NodeId before = owners_[slot];
    const NodeId now = map.owners[slot] == SlotMap::no_node ? no_node : ids[map.owners[slot]];
    if (before != now && before != no_node && now != no_node && nodes_[before] && nodes_[before]->is_away) {
      nodes_[now]->resume_ms = std::max(nodes_[now]->resume_ms, resume_after(before, now_ms));
    }
    owners_[slot] = now;
  }
}

void ClusterNodes::learn_owner(const Redirection& moved) {
  const NodeId id = find_or_add(moved.target);
  if (id != no_node && !owners_.empty()) {
    nodes_[id]->is_listed = true;
    nodes_[id]->is_primary = true;
    nodes_[id]->is_away = nodes_[id]->is_away && (nodes_[id]->commands || nodes_[id]->subscriber);
    owners_[moved.slot] = id;
  }
}

NodeId ClusterNodes::owner_of(std::uint16_t slot) const noexcept {
  const NodeId owner = slot < owners_.size() ? owners_[slot] : no_node;
  return owner != no_node ? owner : home_;
}

std::vector<Endpoint> ClusterNodes::to_ask(Random& random) const {
  std::vector<Endpoint> result;
  const auto append_shuffled = [&](std::vector<Endpoint> more) {
    while (!more.empty()) {
      const auto chosen = more.begin() + static_cast<std::ptrdiff_t>(random_below(random, more.size()));
      if (std::find(result.begin(), result.end(), *chosen) == result.end()) {
        result.push_back(*chosen);
      }
      *chosen = std::move(more.back());
      more.pop_back();
    }
  };
  std::vector<Endpoint> there;
  std::vector<Endpoint> away;
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    if (node && node->is_listed) {
      (node->is_away ? away : there).push_back(node->endpoint);
    }
  }
  append_shuffled(std::move(there));
  append_shuffled(options_.endpoints);
  append_shuffled(std::move(away));
  return result;
}

bool ClusterNodes::choose_home(bool has_subscriptions, std::uint64_t now_ms, Random& random) {
  if (owners_.empty() || (is_listed(home_) && !nodes_[home_]->is_away)) {
    return false;
  }
  std::vector<NodeId> connected;
  std::vector<NodeId> there;
  std::vector<NodeId> all;
  for (std::size_t index = 0; index < nodes_.size(); ++index) {
    const auto id = static_cast<NodeId>(index);
    if (!is_listed(id) || !nodes_[id]->is_primary) {
      continue;
    }
    const auto& client = has_subscriptions ? nodes_[id]->subscriber : nodes_[id]->commands;
    all.push_back(id);
    if (!nodes_[id]->is_away) {
      there.push_back(id);
      if (client && client->reports().state() == State::ready) {
        connected.push_back(id);
      }
    }
  }
  if (there.empty() && (is_listed(home_) || all.empty())) {
    return false;
  }
  if (home_ != no_node && nodes_[home_] && nodes_[home_]->is_away) {
    home_resume_ms_ = resume_after(home_, now_ms);
  }
  const std::vector<NodeId>& choice = !connected.empty() ? connected : !there.empty() ? there : all;
  home_ = choice[random_below(random, choice.size())];
  return true;
}

/// Time until which publishes wait when their node was lost and is replaced now: see Options::resume_wait_max.
std::uint64_t ClusterNodes::resume_after(NodeId lost, std::uint64_t now_ms) const noexcept {
  return now_ms + resume_wait_ms(options_, now_ms - nodes_[lost]->away_since_ms);
}

bool ClusterNodes::matters(NodeId id) const noexcept {
  const ClusterNode& node = *nodes_[id];
  return node.subscription_count != 0 || (node.is_listed && (id == home_ || (node.is_primary && node.commands)));
}

bool ClusterNodes::is_any_away() const noexcept {
  for (std::size_t id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id] && nodes_[id]->is_away && matters(static_cast<NodeId>(id))) {
      return true;
    }
  }
  return false;
}

}  // namespace socketio::redis
