#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <socketio/net/timer.hpp>
#include <socketio/redis/client.hpp>

#include "client_core.hpp"
#include "cluster_connections.hpp"
#include "cluster_lanes.hpp"
#include "cluster_nodes.hpp"
#include "cluster_questions.hpp"
#include "cluster_subscriptions.hpp"
#include "resp.hpp"
#include "slot_map_query.hpp"

namespace socketio::redis {

/// Client of a Redis Cluster: a SingleClient for each node that is needed, and a map from slots to the nodes that own them.
class ClusterClient final : public ClientCore, public ClusterDriver {
 public:
  /// Throws Error(bad_option): no node to ask first, or a database other than 0.
  ClusterClient(Loop& loop, Options options, Random* random);

  void publish(bool is_sharded, std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) override;
  void command(std::span<const std::string_view> words, CommandDone done) override;
  [[nodiscard]] SubscriptionSet& subscriptions() noexcept override { return subscriptions_; }
  void flush() override;
  void abandon(std::string_view why) override;
  [[nodiscard]] Load load() const noexcept override;
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return lanes_.bytes() + questions_.bytes(); }
  [[nodiscard]] const Counters& counters() const noexcept override;

 private:
  void on_turn_end() override;
  void deliver_subscriptions() override { subscriptions_.deliver_losses(); }
  void end_all(std::string_view why) override;

  [[nodiscard]] std::shared_ptr<const void> hold() override { return shared_from_this(); }
  [[nodiscard]] std::uint64_t now_ms() const noexcept override { return loop_.now_ms(); }
  void wake_after(std::uint64_t delay_ms) override;
  void request_refresh() override;
  void on_slot_moved() override { fall("A channel's slot has moved to another node of " + context_.name.where + ".", false); }

  bool admit(std::size_t size, PublishListener* listener, std::uint64_t tag, CommandDone& done);
  void pump();
  void end_queued(std::string_view why, std::uint64_t& counter);
  void take_query();
  void move_subscriptions();
  void on_node_state(NodeId id, State state, std::string_view why);
  void fall(std::string_view why, bool refusal);
  [[nodiscard]] bool is_well() const noexcept;

  mutable Counters total_;

  ClusterNodes nodes_;
  ClusterConnections connections_;
  SlotMapRefresh refresh_;
  std::unique_ptr<SlotMapQuery> query_;
  bool has_failed_ = false;  ///< the last query failed at every node

  ClusterQuestions questions_;
  ClusterLanes lanes_;
  ClusterSubscriptions subscriptions_;
  std::array<PublishWriter, 2> publish_writers_{PublishWriter{"PUBLISH"}, PublishWriter{"SPUBLISH"}};

  net::Timer refresh_timer_;
  net::Timer wake_timer_;
  std::uint64_t wake_ms_ = 0;  ///< time at which it is due
};

}  // namespace socketio::redis
