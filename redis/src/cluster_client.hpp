#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <socketio/net/timer.hpp>
#include <socketio/net/tls.hpp>
#include <socketio/redis/client.hpp>

#include "client_core.hpp"
#include "cluster_nodes.hpp"
#include "redirection.hpp"
#include "resp.hpp"
#include "ring.hpp"
#include "routing.hpp"
#include "single_client.hpp"
#include "slot_map_query.hpp"
#include "slot_map_refresh.hpp"

namespace socketio::redis {

/// Client of a Redis Cluster: a SingleClient for each node that is needed, and a map from slots to the nodes that own them.
///
/// A lane is the queue of the commands of one slot. All commands of a lane that are in flight are in flight to the same node.
/// When that node returns some of them (MOVED, or the connection was lost before they were written), the lane sends nothing
/// until all have returned: so they keep their order. Then it sends one at a time until a node has accepted one, because a node
/// may refuse the first of several and accept the second while a slot changes its owner. Commands for any node (above all
/// PUBLISH) have a lane, too; its node is the home, chosen once and kept as long as it can be reached.
///
/// A command's bytes are kept until it completes, because it may have to be sent again. Commands wait in their lanes, not in
/// the connections, as long as a connection is missing or busy.
class ClusterClient final : public ClientCore, public PublishListener {
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
  [[nodiscard]] std::size_t unconfirmed_count() const noexcept override { return unconfirmed_count_; }
  void flush() override;
  void abandon(std::string_view why) override;
  [[nodiscard]] std::size_t queued_bytes() const noexcept override { return kept_bytes_; }
  [[nodiscard]] std::size_t queued_count() const noexcept override;
  [[nodiscard]] std::size_t in_flight_count() const noexcept override;
  [[nodiscard]] const Counters& counters() const noexcept override;

 private:
  using LaneId = std::uint16_t;
  static constexpr LaneId any_node_lane = slot_count;

  /// Commands from MULTI to EXEC: sent to one node together, and retried together.
  struct Transaction {
    std::vector<std::string> commands;  ///< encoded
    std::vector<CommandDone> dones;
    std::vector<CommandResult> results;
  };
  struct Command {
    std::string bytes;  ///< encoded
    std::size_t size = 0;
    PublishListener* listener = nullptr;  ///< null for commands other than publishes
    std::uint64_t tag = 0;
    CommandDone done;
    std::unique_ptr<Transaction> transaction;
    LaneId lane = any_node_lane;
    NodeId node = no_node;      ///< node that it is in flight to
    NodeId ask_node = no_node;  ///< node that it is sent to next, after ASKING, instead of the slot's owner
    bool is_abandoned = false;  ///< not sent again
    std::uint32_t redirects = 0;
    std::uint64_t give_up_ms = 0;  ///< when a temporary error becomes the reply; 0: there was no such error yet
    std::uint64_t sequence = 0;

    [[nodiscard]] std::size_t part_count() const noexcept { return transaction ? transaction->dones.size() : 1; }
  };
  struct Lane {
    NodeId node = no_node;
    std::size_t on_the_way = 0;
    bool is_draining = false;  ///< some have returned; nothing is sent before all in flight have returned
    bool is_unsure = false;    ///< a node redirected some, and none was accepted since: sends one at a time
    std::uint64_t pause_until_ms = 0;
    // Queued commands, the oldest queue first:
    Ring<std::uint32_t> coming_back;  ///< returned while it drains
    Ring<std::uint32_t> returned;     ///< were in flight before
    Ring<std::uint32_t> waiting;
    [[nodiscard]] bool has_queued() const noexcept { return coming_back.size() + returned.size() + waiting.size() != 0; }
    /// Precondition: has_queued().
    [[nodiscard]] Ring<std::uint32_t>& oldest() noexcept {
      return !coming_back.empty() ? coming_back : !returned.empty() ? returned : waiting;
    }
  };

  /// A command that is sent to every node, and whose replies are joined.
  struct Question {
    std::vector<std::string> words;
    std::size_t size = 0;
    CommandDone done;
    Route::Kind whom = Route::Kind::every_node;
    struct Part {
      NodeId node;
      enum class Stage : std::uint8_t { waiting, asked, ended } stage = Stage::waiting;
    };
    std::vector<Part> parts;  ///< empty before the slot map is known
    std::vector<Reply> replies;
    std::string refusal;
    std::uint64_t asked_of_map = 0;  ///< number of the slot map that the parts were made from
    bool has_ended = false;
  };

  class Subscription;

  // ---- cluster_client.cpp: lifetime, and callbacks
  void on_turn_end() override;
  bool deliver_all() override;
  void end_all(std::string_view why) override;
  void fall(std::string_view why, bool refusal);
  void update_state();
  [[nodiscard]] bool is_well() const noexcept;

  // ---- cluster_connections.cpp: the slot map, and the connections
  void request_refresh();
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

  // ---- cluster_commands.cpp: lanes
  bool admit(std::size_t size, PublishListener* listener, std::uint64_t tag, CommandDone& done);
  bool make_room(std::size_t size);
  void publish_with(PublishWriter& writer, LaneId lane, std::string_view channel, Bytes payload, PublishListener& listener,
                    std::uint64_t tag);
  std::uint32_t new_command(LaneId lane, std::size_t size);
  void give(std::uint32_t index);
  void pump();
  void pump_lane(Lane& lane, LaneId id);
  [[nodiscard]] bool may_leave(const Lane& lane, NodeId target);
  [[nodiscard]] bool must_wait(LaneId lane, const Command& command, NodeId target);
  void send(Lane& lane, std::uint32_t index, NodeId target);
  void on_published(std::uint64_t tag, Outcome outcome, std::int64_t receivers, std::string_view message) override;
  void on_answer(std::uint32_t index, CommandResult result);
  [[nodiscard]] bool comes_back(std::uint32_t index, Outcome outcome, std::string_view message);
  [[nodiscard]] bool is_sent_elsewhere(Command& command, Lane*& lane, std::string_view message);
  void end_later(std::uint32_t index, Outcome outcome, std::string_view why, std::uint64_t& counter);
  void end_later(PublishListener* listener, std::uint64_t tag, CommandDone done, Outcome outcome, std::string_view why);
  void end_lane(Lane& lane, std::string_view why, std::uint64_t& counter);
  void end_queued(std::string_view why, std::uint64_t& counter);
  void release(std::uint32_t index);
  void wake_after(std::uint64_t delay_ms);

  // ---- cluster_groups.cpp: transactions, and questions to every node
  void add_to_transaction(std::span<const std::string_view> words, CommandDone done);
  void send_transaction(std::uint32_t index, SingleClient& client);
  void on_transaction_answer(std::uint32_t index, std::size_t part, CommandResult result);
  void add_question(std::span<const std::string_view> words, Route::Kind whom, CommandDone done);
  void pump_questions();
  void begin_question(Question& question);
  void ask_part(const std::shared_ptr<Question>& question, std::size_t part);
  void on_part_answer(Question& question, std::size_t part, CommandResult result);
  void check_question(Question& question);
  void end_questions(std::string_view why, std::uint64_t& counter);
  void finish_question(Question& question);

  // ---- cluster_subscriptions.cpp
  void place(Subscription& subscription);
  void place_all();
  void detach(Subscription& subscription, bool tell_redis);
  void move_subscriptions();
  void unconfirm_at(NodeId id);
  void on_subscribed(Subscription& subscription, std::string_view error);
  void again(Subscription& subscription, const Redirection& redirection);
  void unsettle(Subscription& subscription);
  void deliver_losses();
  void set_refusal(Subscription& subscription, std::string_view error);
  [[nodiscard]] bool is_refused(const RefusedSubscription& one) const;
  [[nodiscard]] RefusedSubscription first_refused() const;

  const std::string where_;  ///< for people
  std::shared_ptr<net::TlsContext> tls_;
  mutable Counters total_;
  bool is_finishing_ = false;  ///< commands that return fail

  ClusterNodes nodes_;
  SlotMapRefresh refresh_;
  std::unique_ptr<SlotMapQuery> query_;
  bool has_failed_ = false;  ///< the last query failed at every node

  std::deque<Command> commands_;
  std::vector<std::uint32_t> free_commands_;
  std::size_t live_count_ = 0;  ///< commands that have not completed, including parts of transactions and questions
  std::size_t lane_count_ = 0;  ///< commands that wait in lanes
  std::size_t kept_bytes_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::unordered_map<LaneId, Lane> lanes_;
  std::unordered_set<LaneId> queued_lanes_;  ///< lanes with waiting commands
  std::uint32_t open_transaction_ = none;
  static constexpr std::uint32_t none = 0xffff'ffff;
  std::list<std::shared_ptr<Question>> questions_;
  PublishWriter publish_writer_{"PUBLISH"};
  PublishWriter sharded_writer_{"SPUBLISH"};

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>{}(name); }
  };
  using Subscriptions = std::unordered_map<std::string, std::unique_ptr<Subscription>, Hash, std::equal_to<>>;
  Subscriptions subscriptions_[3];                                    ///< by kind
  std::vector<std::unique_ptr<Subscription>> retired_subscriptions_;  ///< until the end of the turn: one may be in a callback
  std::vector<std::pair<SubscriptionKind, std::string>> to_place_;
  std::vector<std::pair<SubscriptionKind, std::string>> lost_;  ///< confirmed ones whose loss must be reported to listeners
  std::uint64_t place_after_ms_ = 0;
  std::size_t unconfirmed_count_ = 0;
  std::size_t refused_count_ = 0;
  bool subscriptions_in_use_ = false;

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

/// A subscription, and the node that it is made at. Forwards from the connection to the user's listener.
class ClusterClient::Subscription final : public MessageListener {
 public:
  Subscription(ClusterClient& its_client, SubscriptionKind its_kind, std::string its_name)
      : client(its_client), kind(its_kind), name(std::move(its_name)), slot(slot_of(name)) {}
  void on_message(std::string_view channel, Bytes payload) override { listener->on_message(channel, payload); }
  void on_subscribed(std::string_view, std::string_view error) override { client.on_subscribed(*this, error); }

  ClusterClient& client;
  const SubscriptionKind kind;
  const std::string name;
  const std::uint16_t slot;
  MessageListener* listener = nullptr;
  NodeId node = no_node;
  bool is_settled = false;  ///< confirmed or refused
  std::string refusal;      ///< Redis' text
  std::uint32_t redirects = 0;
};

}  // namespace socketio::redis
