#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include <socketio/net/tls.hpp>

#include "cluster_nodes.hpp"
#include "context.hpp"
#include "single_client.hpp"

namespace socketio::redis {

/// The connections to the nodes of a cluster.
class ClusterConnections final : public ClusterLinks {
 public:
  using NodeChanged = std::function<void(NodeId id, State state, std::string_view why)>;
  /// `changed`  called when the state of one of a node's connections has changed
  ClusterConnections(Loop& loop, Context& context, ClusterNodes& nodes, Random& random, NodeChanged changed);

  [[nodiscard]] std::shared_ptr<SingleClient> make(const Endpoint& endpoint);
  /// Returns the node's connection; makes it if there is none.
  SingleClient& open(NodeId id, std::shared_ptr<SingleClient> ClusterNode::*which);
  /// Keeps the connection that returned the first slot map as one of its node, which becomes the home.
  void adopt(const Endpoint& from, std::shared_ptr<SingleClient> ClusterNode::*which, std::shared_ptr<SingleClient> connection);
  /// Closes a connection. Its commands in flight return during this call.
  void drop(std::shared_ptr<SingleClient> client);
  void drop_all();
  /// Closes connections that are not needed any more: to nodes that left the cluster, to replicas that cannot be reached, and
  /// for commands with `no_commands`. Removes nodes.
  void sweep(bool no_commands);
  template <typename Function>
  void for_each(const Function& function) const {
    for (const std::unique_ptr<ClusterNode>& node : nodes_) {
      for (const auto& client : {node ? node->commands : nullptr, node ? node->subscriber : nullptr}) {
        if (client) {
          function(*client);
        }
      }
    }
  }

  bool can_send(NodeId id) override;
  void send(NodeId id, Bytes encoded, PublishListener* listener, std::uint64_t tag, CommandDone done) override;
  void subscribe(NodeId id, SubscriptionKind kind, std::string_view name, MessageListener& listener) override;
  void unsubscribe(NodeId id, SubscriptionKind kind, std::string_view name, bool at_redis) override;

 private:
  void put(NodeId id, std::shared_ptr<SingleClient> ClusterNode::*which, std::shared_ptr<SingleClient> connection);

  Loop& loop_;
  Context& context_;
  ClusterNodes& nodes_;
  Random& random_;
  NodeChanged changed_;
  std::shared_ptr<net::TlsContext> tls_;
};

}  // namespace socketio::redis
