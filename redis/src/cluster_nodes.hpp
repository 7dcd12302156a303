#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/common/random.hpp>
#include <socketio/redis/options.hpp>
#include <socketio/redis/types.hpp>

#include "slot_map.hpp"

namespace socketio::redis {

class SingleClient;

using NodeId = std::uint16_t;
constexpr NodeId no_node = SlotMap::no_node;

struct ClusterNode {
  Endpoint endpoint;
  bool is_listed = false;  ///< in the newest slot map, or named by a redirection since
  bool is_primary = false;
  bool is_away = false;  ///< the last attempt failed, or the connection was lost
  std::uint64_t away_since_ms = 0;
  std::uint64_t resume_ms = 0;               ///< publishes for the slots it took over wait until then
  std::shared_ptr<SingleClient> commands;    ///< created when it is first needed
  std::shared_ptr<SingleClient> subscriber;  ///< created when it is first needed
  std::size_t on_the_way = 0;                ///< commands, and parts of questions, in flight
  std::size_t subscription_count = 0;
};

/// The nodes of a cluster, the owners of its slots, and the home: the node for everything that any node can do.
class ClusterNodes {
 public:
  /// `options`  outlive this.
  explicit ClusterNodes(const Options& options) noexcept : options_(options) {}

  /// By NodeId; null where a node was removed.
  [[nodiscard]] std::unique_ptr<ClusterNode>& operator[](std::size_t id) noexcept { return nodes_[id]; }
  [[nodiscard]] const std::unique_ptr<ClusterNode>& operator[](std::size_t id) const noexcept { return nodes_[id]; }
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
  [[nodiscard]] auto begin() const noexcept { return nodes_.begin(); }
  [[nodiscard]] auto end() const noexcept { return nodes_.end(); }
  [[nodiscard]] NodeId find(const Endpoint& endpoint) const noexcept;
  /// Returns no_node when there are too many.
  [[nodiscard]] NodeId find_or_add(const Endpoint& endpoint);
  /// A connection was lost, or an attempt has failed.
  void on_lost(NodeId id, std::uint64_t now_ms) noexcept;

  void apply(const SlotMap& map, std::uint64_t now_ms);
  void learn_owner(const Redirection& moved);
  [[nodiscard]] bool has_map() const noexcept { return !owners_.empty(); }
  /// Number of slot maps so far.
  [[nodiscard]] std::uint64_t map_number() const noexcept { return map_number_; }
  /// Returns the home for a slot without an owner, and for slot_count: any node can be asked, and reports it (CLUSTERDOWN).
  [[nodiscard]] NodeId owner_of(std::uint16_t slot) const noexcept;
  /// Nodes to ask for the slot map. The order is random within each group, so that many clients do not all ask the same node:
  /// first the reachable nodes, then those of the options, last the nodes that are away.
  [[nodiscard]] std::vector<Endpoint> to_ask(Random& random) const;

  [[nodiscard]] NodeId home() const noexcept { return home_; }
  void set_home(NodeId id) noexcept { home_ = id; }
  /// Keeps the home as long as it can be reached, so that the messages of one publisher stay in order. Returns true if it has
  /// changed.
  ///
  /// `has_subscriptions`  the connections for subscriptions are what matters, not those for commands
  bool choose_home(bool has_subscriptions, std::uint64_t now_ms, Random& random);
  /// Publishes to the home wait until then after a lost home was replaced.
  [[nodiscard]] std::uint64_t home_resume_ms() const noexcept { return home_resume_ms_; }

  /// True if commands or subscriptions of this client depend on the node.
  [[nodiscard]] bool matters(NodeId id) const noexcept;
  [[nodiscard]] bool is_any_away() const noexcept;

 private:
  [[nodiscard]] bool is_listed(NodeId id) const noexcept { return id != no_node && nodes_[id] && nodes_[id]->is_listed; }
  [[nodiscard]] std::uint64_t resume_after(NodeId lost, std::uint64_t now_ms) const noexcept;

  const Options& options_;
  std::vector<std::unique_ptr<ClusterNode>> nodes_;
  std::vector<NodeId> owners_;  ///< by slot; empty before the first map
  NodeId home_ = no_node;
  std::uint64_t home_resume_ms_ = 0;
  std::uint64_t map_number_ = 0;
};

/// The connections to the nodes.
class ClusterLinks {
 public:
  virtual ~ClusterLinks() = default;
  /// True if the node takes commands now. Connects to it if there is no connection.
  [[nodiscard]] virtual bool can_send(NodeId id) = 0;
  /// Sends an encoded command. `listener` and `tag` are those of a publish; other commands have `done`. Precondition:
  /// can_send().
  virtual void send(NodeId id, Bytes encoded, PublishListener* listener, std::uint64_t tag, CommandDone done) = 0;
  virtual void subscribe(NodeId id, SubscriptionKind kind, std::string_view name, MessageListener& listener) = 0;
  /// `at_redis`  false: Redis has ended the subscription itself
  virtual void unsubscribe(NodeId id, SubscriptionKind kind, std::string_view name, bool at_redis) = 0;
};

/// The clock of a cluster's client, and what its parts request of it.
class ClusterDriver {
 public:
  virtual ~ClusterDriver() = default;
  /// Keeps the driver, and what it owns, alive.
  [[nodiscard]] virtual std::shared_ptr<const void> hold() = 0;
  [[nodiscard]] virtual std::uint64_t now_ms() const noexcept = 0;
  /// There is something to do after that time; 0: at the end of the turn.
  virtual void wake_after(std::uint64_t delay_ms) = 0;
  virtual void request_refresh() = 0;
  /// The slot of a confirmed sharded channel has another owner.
  virtual void on_slot_moved() = 0;
};

}  // namespace socketio::redis
