#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <socketio/net/timer.hpp>
#include <socketio/net/tls.hpp>
#include <socketio/redis/client.hpp>

#include "client_core.hpp"
#include "cluster_driver.hpp"
#include "cluster_lanes.hpp"
#include "cluster_nodes.hpp"
#include "cluster_questions.hpp"
#include "cluster_subscriptions.hpp"
#include "redirection.hpp"
#include "resp.hpp"
#include "routing.hpp"
#include "single_client.hpp"
#include "slot_map_query.hpp"
#include "slot_map_refresh.hpp"

namespace socketio::redis {

/// Client of a Redis Cluster: a SingleClient for each node that is needed, and a map from slots to the nodes that own them.
class ClusterClient final : public ClientCore, public PublishListener, public ClusterDriver {
 public:
  /// Throws Error(bad_option): no node to ask first, or a database other than 0.
  ClusterClient(Loop& loop, Options options, Random* random);
  ~ClusterClient() override;

  void connect() override;
  void publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) override;
  void publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) override;
  void command(std::span<const std::string_view> words, CommandDone done) override;
  void subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) override;
  void unsubscribe(SubscriptionKind kind, std::string_view name) override;
  [[nodiscard]] std::size_t unconfirmed_count() const noexcept override { return subscriptions_.unconfirmed_count(); }
  void flush() override;
  void abandon(std::string_view why) override;
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return lanes_.bytes() + questions_.bytes(); }
  [[nodiscard]] std::size_t queued_count() const noexcept override;
  [[nodiscard]] std::size_t in_flight_count() const noexcept override;
  [[nodiscard]] const Counters& counters() const noexcept override;

 private:
  // ---- cluster_client.cpp: lifetime, and callbacks
  void on_turn_end() override;
  bool deliver_all() override;
  void end_all(std::string_view why) override;
  void fall(std::string_view why, bool refusal);
  void update_state();
  [[nodiscard]] bool is_well() const noexcept;

  // ---- cluster_connections.cpp: the slot map, and the connections
  void request_refresh() override;
  void begin_refresh();
  void take_query();
  void adopt(const Endpoint& from, std::shared_ptr<SingleClient> connection);
  [[nodiscard]] std::shared_ptr<SingleClient> make_client(const Endpoint& endpoint);
  SingleClient* commands_of(NodeId id);
  SingleClient* subscriber_of(NodeId id);
  void watch(SingleClient& client, NodeId id);
  void on_node_state(NodeId id, State state, std::string_view why);
  void sweep_nodes();
  void drop_client(std::shared_ptr<SingleClient>& client);

  // ---- cluster_commands.cpp
  bool admit(std::size_t size, PublishListener* listener, std::uint64_t tag, CommandDone& done);
  void publish_with(PublishWriter& writer, LaneId lane, std::string_view channel, Bytes payload, PublishListener& listener,
                    std::uint64_t tag);
  void add_to_transaction(std::span<const std::string_view> words, CommandDone done);
  void pump();
  [[nodiscard]] bool can_send(NodeId id) override;
  void send(std::uint32_t index, NodeId id, bool is_asking) override;
  void send_words(NodeId id, std::span<const std::string_view> words, CommandDone done) override;
  [[nodiscard]] bool holds_publishes() override;
  void release(std::uint32_t index, Outcome outcome);
  void on_published(std::uint64_t tag, Outcome outcome, std::int64_t receivers, std::string_view message) override;
  void on_answer(std::uint32_t index, CommandResult result);
  void on_transaction_answer(std::uint32_t index, std::size_t part, CommandResult result);
  void end_later(PublishListener* listener, std::uint64_t tag, CommandDone done, CommandResult result) override;
  void end_queued(std::string_view why, std::uint64_t& counter);
  [[nodiscard]] std::size_t live_count() const noexcept { return lanes_.live_count() + questions_.count(); }

  // ---- subscriptions
  [[nodiscard]] std::shared_ptr<const void> hold() override { return shared_from_this(); }
  void subscribe_at(NodeId id, SubscriptionKind kind, std::string_view name, MessageListener& listener) override;
  void unsubscribe_at(NodeId id, SubscriptionKind kind, std::string_view name, bool at_redis) override;
  void on_slot_moved() override;
  void request_turn() override { turn_end_.request(); }
  [[nodiscard]] std::uint64_t now_ms() const noexcept override { return loop_.now_ms(); }
  void wake_after(std::uint64_t delay_ms) override;
  void move_subscriptions();

  const std::string where_;  ///< for people
  std::shared_ptr<net::TlsContext> tls_;
  mutable Counters total_;
  bool is_finishing_ = false;  ///< commands that return fail

  ClusterNodes nodes_;
  SlotMapRefresh refresh_;
  std::unique_ptr<SlotMapQuery> query_;
  bool has_failed_ = false;  ///< the last query failed at every node

  ClusterLanes lanes_;
  ClusterQuestions questions_;
  std::uint32_t open_transaction_ = none;
  static constexpr std::uint32_t none = 0xffff'ffff;
  ClusterSubscriptions subscriptions_;
  PublishWriter publish_writer_{"PUBLISH"};
  PublishWriter sharded_writer_{"SPUBLISH"};

  struct Ended {
    PublishListener* listener;
    std::uint64_t tag;
    CommandDone done;
    CommandResult result;
  };
  std::deque<Ended> ended_;
  net::Timer refresh_timer_;
  net::Timer wake_timer_;
  std::uint64_t wake_ms_ = 0;  ///< time at which it is due
};

}  // namespace socketio::redis
