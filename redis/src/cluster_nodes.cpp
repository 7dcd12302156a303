// The slot map of a cluster, and the connections to its nodes.

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include <socketio/common/milliseconds.hpp>

#include "cluster_client.hpp"
#include "counters.hpp"
#include "retry.hpp"

namespace socketio::redis {
namespace {

/// Maximum of the growing delays between refreshes of the slot map while something is wrong. It is short, so that a cluster
/// that has recovered is used again soon.
constexpr std::uint64_t refresh_wait_max_ms = 1'000;
/// Time since the last refresh after which the delays start again from the minimum.
constexpr std::uint64_t trouble_ends_ms = 10'000;
/// Maximum number of nodes that are kept. It is above the limit of a slot map, because nodes that have just left it are kept,
/// too.
constexpr std::size_t nodes_max = 4 * limits::cluster_nodes_max;

}  // namespace

// ---- refreshing the slot map -----------------------------------------------------------------------------------------------

/// Schedules a refresh because something indicates a change.
void ClusterClient::request_refresh() {
  if (query_) {
    refresh_again_ = true;
    return;
  }
  if (is_urgent_ || refresh_wanted_ || is_finishing_) {
    return;
  }
  is_urgent_ = true;
  const std::uint64_t longest_ms = std::min<std::uint64_t>(in_ms(options_.backoff_max), refresh_wait_max_ms);
  const std::uint64_t due_ms = refreshed_ms_ + backoff_ms(in_ms(options_.backoff_min), longest_ms, trouble_, random_);
  const std::uint64_t now_ms = loop_.now_ms();
  refresh_timer_.start(due_ms > now_ms ? due_ms - now_ms : 0);
}

void ClusterClient::begin_refresh() {
  if (query_) {
    return;
  }
  const std::uint64_t now_ms = loop_.now_ms();
  trouble_ = is_urgent_ && now_ms - refreshed_ms_ < trouble_ends_ms ? trouble_ + 1 : 0;
  refreshed_ms_ = now_ms;
  is_urgent_ = false;
  refresh_again_ = false;
  refresh_timer_.stop();
  if (state() == State::disconnected) {
    set_state(State::connecting, {});
  }
  query_ = std::make_unique<SlotMapQuery>(
      loop_, [this](const Endpoint& endpoint) { return make_client(endpoint); }, nodes_to_ask(),
      [this] { turn_end_.request(); }, counters_);
}

void ClusterClient::take_query() {
  if (!query_ || !query_->has_ended()) {
    return;
  }
  const std::unique_ptr<SlotMapQuery> query = std::move(query_);
  has_failed_ = !query->map();
  if (has_failed_) {
    ++counters_.failed_attempts;
    fall(query->why(), query->is_refusal());
    request_refresh();
    return;
  }
  apply_map(*query->map());
  adopt(query->from(), query->take_connection());
  if (refresh_again_ || is_any_away()) {
    request_refresh();
  } else if (in_ms(options_.cluster_refresh) != 0) {
    const std::uint32_t earlier = random_below(random_, in_ms(options_.cluster_refresh) / 4 + 1);
    refresh_timer_.start(in_ms(options_.cluster_refresh) - earlier);
  }
}

/// Nodes to ask for the slot map. The order is random within each group, so that many clients do not all ask the same node:
/// first the reachable nodes, then those of the options, last the nodes that are away.
std::vector<Endpoint> ClusterClient::nodes_to_ask() {
  std::vector<Endpoint> result;
  const auto append_shuffled = [&](std::vector<Endpoint> more) {
    while (!more.empty()) {
      const auto chosen = more.begin() + static_cast<std::ptrdiff_t>(random_below(random_, more.size()));
      if (std::find(result.begin(), result.end(), *chosen) == result.end()) {
        result.push_back(*chosen);
      }
      *chosen = std::move(more.back());
      more.pop_back();
    }
  };
  std::vector<Endpoint> there;
  std::vector<Endpoint> away;
  for (const std::unique_ptr<Node>& node : nodes_) {
    if (node && node->is_listed) {
      (node->is_away ? away : there).push_back(node->endpoint);
    }
  }
  append_shuffled(std::move(there));
  append_shuffled(options_.endpoints);
  append_shuffled(std::move(away));
  return result;
}

// ---- applying the slot map -------------------------------------------------------------------------------------------------

void ClusterClient::apply_map(const SlotMap& map) {
  ++map_number_;
  for (const std::unique_ptr<Node>& node : nodes_) {
    if (node) {
      node->is_listed = false;
      node->is_primary = false;
      node->is_away = node->is_away && (node->commands || node->subscriber);  // another attempt may be made
    }
  }
  std::vector<NodeId> ids;
  for (const SlotMap::Node& node : map.nodes) {
    ids.push_back(find_or_add_node(node.endpoint));
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
      nodes_[now]->resume_ms = std::max(nodes_[now]->resume_ms, resume_after(before));
    }
    owners_[slot] = now;
  }
  move_subscriptions();
}

/// Keeps the connection that returned the first slot map as the connection to that node, which becomes the home.
void ClusterClient::adopt(const Endpoint& from, std::shared_ptr<SingleClient> connection) {
  const NodeId id = find_node(from);
  const bool is_free = id != no_node && home_ == no_node && nodes_[id]->is_primary && connection->state() == State::ready;
  std::shared_ptr<SingleClient>* const place = !is_free                ? nullptr
                                               : subscriptions_in_use_ ? &nodes_[id]->subscriber
                                                                       : &nodes_[id]->commands;
  if (place == nullptr || *place) {
    drop_client(connection);
    return;
  }
  home_ = id;
  *place = std::move(connection);
  watch(**place, id);
}

void ClusterClient::learn_owner(const Redirection& moved) {
  const NodeId id = find_or_add_node(moved.target);
  if (id != no_node && !owners_.empty()) {
    nodes_[id]->is_listed = true;
    nodes_[id]->is_primary = true;
    nodes_[id]->is_away = nodes_[id]->is_away && (nodes_[id]->commands || nodes_[id]->subscriber);
    owners_[moved.slot] = id;
  }
}

/// Returns the home for a slot without an owner: any node can be asked, and reports it (CLUSTERDOWN).
ClusterClient::NodeId ClusterClient::owner_of(LaneId lane) const noexcept {
  const NodeId owner = lane < owners_.size() ? owners_[lane] : no_node;
  return owner != no_node ? owner : home_;
}

/// Keeps the home as long as it can be reached, so that the messages of one publisher stay in order.
void ClusterClient::choose_home() {
  const auto is_listed = [this](NodeId id) { return id != no_node && nodes_[id] && nodes_[id]->is_listed; };
  if (owners_.empty() || (is_listed(home_) && !nodes_[home_]->is_away)) {
    return;
  }
  std::vector<NodeId> connected;
  std::vector<NodeId> there;
  std::vector<NodeId> all;
  for (std::size_t index = 0; index < nodes_.size(); ++index) {
    const auto id = static_cast<NodeId>(index);
    if (!is_listed(id) || !nodes_[id]->is_primary) {
      continue;
    }
    const auto& client = subscriptions_in_use_ ? nodes_[id]->subscriber : nodes_[id]->commands;
    all.push_back(id);
    if (!nodes_[id]->is_away) {
      there.push_back(id);
      if (client && client->state() == State::ready) {
        connected.push_back(id);
      }
    }
  }
  if (there.empty() && (is_listed(home_) || all.empty())) {
    return;
  }
  if (home_ != no_node && nodes_[home_] && nodes_[home_]->is_away) {
    home_resume_ms_ = resume_after(home_);
  }
  const std::vector<NodeId>& choice = !connected.empty() ? connected : !there.empty() ? there : all;
  home_ = choice[random_below(random_, choice.size())];
  move_subscriptions();
}

/// Time until which publishes wait when their node was lost and is replaced now: see Options::resume_wait_max.
std::uint64_t ClusterClient::resume_after(NodeId lost) const noexcept {
  const std::uint64_t now_ms = loop_.now_ms();
  return now_ms + resume_wait_ms(options_, now_ms - nodes_[lost]->away_since_ms);
}

// ---- nodes -----------------------------------------------------------------------------------------------------------------

ClusterClient::NodeId ClusterClient::find_node(const Endpoint& endpoint) const noexcept {
  for (std::size_t id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id] && nodes_[id]->endpoint == endpoint) {
      return static_cast<NodeId>(id);
    }
  }
  return no_node;
}

/// Returns no_node when there are too many.
ClusterClient::NodeId ClusterClient::find_or_add_node(const Endpoint& endpoint) {
  if (const NodeId found = find_node(endpoint); found != no_node) {
    return found;
  }
  auto place = std::find(nodes_.begin(), nodes_.end(), nullptr);
  if (place == nodes_.end()) {
    if (nodes_.size() >= nodes_max) {
      return no_node;
    }
    place = nodes_.emplace(nodes_.end());
  }
  *place = std::make_unique<Node>();
  (*place)->endpoint = endpoint;
  return static_cast<NodeId>(place - nodes_.begin());
}

std::shared_ptr<SingleClient> ClusterClient::make_client(const Endpoint& endpoint) {
  Options options = options_;
  options.topology = Topology::standalone;
  options.endpoints.clear();
  options.host = endpoint.host;
  options.port = endpoint.port;
  options.unix_path.clear();
  options.offline = OfflinePolicy::fail;               // unsent commands return, and may go to another node
  options.silent_wait = std::chrono::milliseconds(0);  // later commands may go to another node
  options.queue_bytes_max = std::numeric_limits<std::size_t>::max();
  return std::make_shared<SingleClient>(loop_, std::move(options), &random_, Peer{{}, "+cluster", tls_, true});
}

void ClusterClient::watch(SingleClient& client, NodeId id) {
  client.on_state([this, id](State state, std::string_view why) { on_node_state(id, state, why); });
}

/// Returns the connection for commands if it can take some now, otherwise null. Creates it if there is none.
SingleClient* ClusterClient::commands_of(NodeId id) {
  Node& node = *nodes_[id];
  if (!node.commands) {
    node.commands = make_client(node.endpoint);
    watch(*node.commands, id);
    node.commands->connect();
  }
  return node.commands->state() == State::ready ? node.commands.get() : nullptr;
}

/// Returns the connection for subscriptions. Creates it if there is none. Unlike commands, subscriptions may be given to a
/// connection that is not ready yet.
SingleClient* ClusterClient::subscriber_of(NodeId id) {
  Node& node = *nodes_[id];
  if (!node.subscriber) {
    node.subscriber = make_client(node.endpoint);
    watch(*node.subscriber, id);
    node.subscriber->connect();
  }
  return node.subscriber.get();
}

void ClusterClient::on_node_state(NodeId id, State state, std::string_view why) {
  Node& node = *nodes_[id];
  if (state == State::ready) {
    node.is_away = false;
  } else if (state == State::disconnected) {
    node.away_since_ms = node.is_away ? node.away_since_ms : loop_.now_ms();
    node.is_away = true;
    unconfirm_at(id);
    const auto refused = [](const std::shared_ptr<SingleClient>& client) {
      return client && client->state() == State::disconnected && client->last_error_is_refusal();
    };
    if (matters(id)) {
      fall(why, refused(node.commands) || refused(node.subscriber));
    }
    request_refresh();
  }
  turn_end_.request();
}

/// True if commands or subscriptions of this client depend on the node.
bool ClusterClient::matters(NodeId id) const noexcept {
  const Node& node = *nodes_[id];
  return node.subscription_count != 0 || (node.is_listed && (id == home_ || (node.is_primary && node.commands)));
}

bool ClusterClient::is_any_away() const noexcept {
  for (std::size_t id = 0; id < nodes_.size(); ++id) {
    if (nodes_[id] && nodes_[id]->is_away && matters(static_cast<NodeId>(id))) {
      return true;
    }
  }
  return false;
}

/// Closes connections that are not needed any more: to nodes that left the cluster, to replicas that cannot be reached, and for
/// commands once there are subscriptions.
void ClusterClient::sweep_nodes() {
  const bool no_commands = subscriptions_in_use_ && live_count_ == 0;
  for (std::size_t index = 0; index < nodes_.size(); ++index) {
    Node* const node = nodes_[index].get();
    if (node == nullptr) {
      continue;
    }
    const bool is_gone = index != home_ && (!node->is_listed || (!node->is_primary && node->is_away));
    if (node->commands && (no_commands || (is_gone && (node->on_the_way == 0 || node->is_away)))) {
      drop_client(node->commands);
    }
    if (node->subscriber && is_gone && node->subscription_count == 0) {
      drop_client(node->subscriber);
    }
    if (is_gone && !node->is_listed && !node->commands && !node->subscriber && node->subscription_count == 0) {
      nodes_[index].reset();
    }
  }
}

/// Closes a connection. Its commands in flight return during this call.
void ClusterClient::drop_client(std::shared_ptr<SingleClient>& client) {
  if (const std::shared_ptr<SingleClient> dropped = std::exchange(client, nullptr)) {
    dropped->destroy();
    add_traffic(counters_, dropped->counters());
  }
}

}  // namespace socketio::redis
