#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <socketio/redis/options.hpp>
#include <socketio/redis/types.hpp>

#include "cluster_nodes.hpp"
#include "context.hpp"
#include "subscriptions.hpp"

namespace socketio::redis {

/// Subscriptions in a cluster. Channels and patterns are subscribed to at one node, the home; a sharded channel at the owner of
/// its slot, which it follows.
class ClusterSubscriptions final : public SubscriptionSet {
 public:
  /// All outlive this.
  ClusterSubscriptions(Context& context, ClusterNodes& nodes, ClusterLinks& links, ClusterDriver& driver) noexcept;
  ~ClusterSubscriptions() override;

  void add(SubscriptionKind kind, std::string_view name, MessageListener& listener) override;
  void remove(SubscriptionKind kind, std::string_view name) override;

  /// No subscription is inside a callback.
  void begin_turn() noexcept;
  /// Makes the waiting subscriptions. Returns the time to wait before the next call; nullopt: nothing waits for a time.
  std::optional<std::uint64_t> place_all(std::uint64_t now_ms);
  /// Removes from their nodes the subscriptions that belong to another node after a change of the slot map or the home. A node
  /// that can be reached knows better than the map which sharded channels it has, and reports when it loses one. Returns true
  /// if confirmed ones were removed.
  bool move();
  /// Marks a node's subscriptions as unconfirmed: their connection was lost. It requests them again itself.
  void unconfirm_at(NodeId id);
  /// Reports lost subscriptions, except those that are already confirmed again.
  void deliver_losses();

 private:
  class Subscription;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };
  using ByName = std::unordered_map<std::string, std::unique_ptr<Subscription>, Hash, std::equal_to<>>;

  [[nodiscard]] Subscription* find(SubscriptionKind kind, std::string_view name) const;
  [[nodiscard]] NodeId node_for(const Subscription& subscription) const noexcept;
  void detach(Subscription& subscription, bool at_redis);
  void on_subscribed(Subscription& subscription, std::string_view error);
  void again(Subscription& subscription, const Redirection& redirection);
  void unsettle(Subscription& subscription);

  Context& context_;
  ClusterNodes& nodes_;
  ClusterLinks& links_;
  ClusterDriver& driver_;
  std::array<ByName, 3> subscriptions_;                 ///< by kind
  std::vector<std::unique_ptr<Subscription>> retired_;  ///< until the end of the turn: one may be in a callback
  std::vector<Name> to_place_;
  std::vector<Name> lost_;  ///< confirmed ones whose loss must be reported to listeners
  bool is_pausing_ = false;
  std::uint64_t place_after_ms_ = 0;
};

}  // namespace socketio::redis
