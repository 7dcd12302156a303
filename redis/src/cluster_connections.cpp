#include "cluster_connections.hpp"

#include <chrono>
#include <limits>
#include <utility>

namespace socketio::redis {
namespace {

/// Maximum bytes queued in one connection; further commands wait in the lanes.
constexpr std::size_t connection_bytes_max = std::size_t{1} << 20;

}  // namespace

ClusterConnections::ClusterConnections(Loop& loop, Context& context, ClusterNodes& nodes, Random& random, NodeChanged changed)
    : loop_(loop),
      context_(context),
      nodes_(nodes),
      random_(random),
      changed_(std::move(changed)),
      tls_(make_tls_context(context.options)) {}

std::shared_ptr<SingleClient> ClusterConnections::make(const Endpoint& endpoint) {
  Options options = context_.options;
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

SingleClient& ClusterConnections::open(NodeId id, std::shared_ptr<SingleClient> ClusterNode::*which) {
  ClusterNode& node = *nodes_[id];
  if (!(node.*which)) {
    put(id, which, make(node.endpoint));
    (node.*which)->connect();
  }
  return *(node.*which);
}

void ClusterConnections::put(NodeId id, std::shared_ptr<SingleClient> ClusterNode::*which,
                             std::shared_ptr<SingleClient> connection) {
  connection->reports().on_state([this, id](State state, std::string_view why) { changed_(id, state, why); });
  (*nodes_[id]).*which = std::move(connection);
}

void ClusterConnections::adopt(const Endpoint& from, std::shared_ptr<SingleClient> ClusterNode::*which,
                               std::shared_ptr<SingleClient> connection) {
  const NodeId id = nodes_.find(from);
  const bool is_home = id != no_node && nodes_.home() == no_node && nodes_[id]->is_primary && !((*nodes_[id]).*which) &&
                       connection->reports().state() == State::ready;
  if (!is_home) {
    drop(std::move(connection));
    return;
  }
  nodes_.set_home(id);
  put(id, which, std::move(connection));
}

void ClusterConnections::drop(std::shared_ptr<SingleClient> client) {
  if (client) {
    client->destroy();
    add_traffic(context_.counters, client->counters());
  }
}

void ClusterConnections::drop_all() {
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    if (node) {
      drop(std::exchange(node->commands, nullptr));
      drop(std::exchange(node->subscriber, nullptr));
    }
  }
}

void ClusterConnections::sweep(bool no_commands) {
  for (std::size_t index = 0; index < nodes_.size(); ++index) {
    ClusterNode* const node = nodes_[index].get();
    if (node == nullptr) {
      continue;
    }
    const bool is_gone = index != nodes_.home() && (!node->is_listed || (!node->is_primary && node->is_away));
    if (no_commands || (is_gone && (node->on_the_way == 0 || node->is_away))) {
      drop(std::exchange(node->commands, nullptr));
    }
    if (is_gone && node->subscription_count == 0) {
      drop(std::exchange(node->subscriber, nullptr));
    }
    if (is_gone && !node->is_listed && !node->commands && !node->subscriber && node->subscription_count == 0) {
      nodes_[index].reset();
    }
  }
}

bool ClusterConnections::can_send(NodeId id) {
  SingleClient& client = open(id, &ClusterNode::commands);
  return client.reports().state() == State::ready && client.queued_bytes() < connection_bytes_max;
}

void ClusterConnections::send(NodeId id, Bytes encoded, PublishListener* listener, std::uint64_t tag, CommandDone done) {
  nodes_[id]->commands->send(encoded, listener, tag, std::move(done));
}

void ClusterConnections::subscribe(NodeId id, SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  open(id, &ClusterNode::subscriber).subscribe(kind, name, listener);
}

void ClusterConnections::unsubscribe(NodeId id, SubscriptionKind kind, std::string_view name, bool at_redis) {
  if (SingleClient* const subscriber = nodes_[id]->subscriber.get(); subscriber != nullptr && at_redis) {
    subscriber->unsubscribe(kind, name);
  } else if (subscriber != nullptr) {
    subscriber->forget(kind, name);
  }
}

}  // namespace socketio::redis
