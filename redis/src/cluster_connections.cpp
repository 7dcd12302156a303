// The slot map of a cluster, and the connections to its nodes.

#include <chrono>
#include <limits>
#include <utility>

#include "cluster_client.hpp"
#include "counters.hpp"

namespace socketio::redis {

/// Schedules a refresh because something indicates a change.
void ClusterClient::request_refresh() {
  if (const auto delay_ms = is_finishing_ ? std::nullopt : refresh_.request(loop_.now_ms(), random_)) {
    refresh_timer_.start(*delay_ms);
  }
}

void ClusterClient::begin_refresh() {
  refresh_timer_.stop();
  if (state() == State::disconnected) {
    set_state(State::connecting, {});
  }
  query_ = std::make_unique<SlotMapQuery>(
      loop_, [this](const Endpoint& endpoint) { return make_client(endpoint); }, nodes_.to_ask(random_),
      [this] { turn_end_.request(); }, counters_);
}

void ClusterClient::take_query() {
  if (!query_ || !query_->has_ended()) {
    return;
  }
  const std::unique_ptr<SlotMapQuery> query = std::move(query_);
  refresh_.end();
  has_failed_ = !query->map();
  if (has_failed_) {
    ++counters_.failed_attempts;
    fall(query->why(), query->is_refusal());
  } else {
    nodes_.apply(*query->map(), loop_.now_ms());
    move_subscriptions();
    adopt(query->from(), query->take_connection());
  }
  if (const auto delay_ms = refresh_.next(has_failed_ || nodes_.is_any_away(), loop_.now_ms(), random_)) {
    refresh_timer_.start(*delay_ms);
  }
}

/// Keeps the connection that returned the first slot map as the connection to that node, which becomes the home.
void ClusterClient::adopt(const Endpoint& from, std::shared_ptr<SingleClient> connection) {
  const NodeId id = nodes_.find(from);
  const bool is_free =
      id != no_node && nodes_.home() == no_node && nodes_[id]->is_primary && connection->state() == State::ready;
  std::shared_ptr<SingleClient>* const place = !is_free                  ? nullptr
                                               : subscriptions_.in_use() ? &nodes_[id]->subscriber
                                                                         : &nodes_[id]->commands;
  if (place == nullptr || *place) {
    drop_client(connection);
    return;
  }
  nodes_.set_home(id);
  *place = std::move(connection);
  watch(**place, id);
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
  ClusterNode& node = *nodes_[id];
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
  ClusterNode& node = *nodes_[id];
  if (!node.subscriber) {
    node.subscriber = make_client(node.endpoint);
    watch(*node.subscriber, id);
    node.subscriber->connect();
  }
  return node.subscriber.get();
}

void ClusterClient::on_node_state(NodeId id, State state, std::string_view why) {
  ClusterNode& node = *nodes_[id];
  if (state == State::ready) {
    node.is_away = false;
  } else if (state == State::disconnected) {
    nodes_.on_lost(id, loop_.now_ms());
    subscriptions_.unconfirm_at(id);
    const auto refused = [](const std::shared_ptr<SingleClient>& client) {
      return client && client->state() == State::disconnected && client->last_error_is_refusal();
    };
    if (nodes_.matters(id)) {
      fall(why, refused(node.commands) || refused(node.subscriber));
    }
    request_refresh();
  }
  turn_end_.request();
}

/// Closes connections that are not needed any more: to nodes that left the cluster, to replicas that cannot be reached, and for
/// commands once there are subscriptions.
void ClusterClient::sweep_nodes() {
  const bool no_commands = subscriptions_.in_use() && live_count() == 0;
  for (std::size_t index = 0; index < nodes_.size(); ++index) {
    ClusterNode* const node = nodes_[index].get();
    if (node == nullptr) {
      continue;
    }
    const bool is_gone = index != nodes_.home() && (!node->is_listed || (!node->is_primary && node->is_away));
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
