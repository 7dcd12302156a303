#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <socketio/redis/types.hpp>

#include "cluster_nodes.hpp"

namespace socketio::redis {

/// Carries out what ClusterLanes, ClusterQuestions and ClusterSubscriptions decide.
class ClusterDriver {
 public:
  virtual ~ClusterDriver() = default;
  /// Keeps the driver, and what it owns, alive.
  [[nodiscard]] virtual std::shared_ptr<const void> hold() = 0;
  [[nodiscard]] virtual std::uint64_t now_ms() const noexcept = 0;
  virtual void request_refresh() = 0;
  /// There is something to do at the end of the turn.
  virtual void request_turn() = 0;
  /// There is something to do after that time.
  virtual void wake_after(std::uint64_t delay_ms) = 0;

  /// True if the node takes commands now. Connects to it if there is no connection.
  [[nodiscard]] virtual bool can_send(NodeId id) = 0;
  /// Sends a command of a lane. Precondition: can_send().
  ///
  /// `is_asking`  after ASKING
  virtual void send(std::uint32_t index, NodeId id, bool is_asking) = 0;
  /// Sends any other command. Precondition: can_send().
  virtual void send_words(NodeId id, std::span<const std::string_view> words, CommandDone done) = 0;
  /// True if publishes must wait for subscribers that are not back yet: see Options::resume_wait_max.
  [[nodiscard]] virtual bool holds_publishes() = 0;
  /// The command has completed; its user is called later.
  virtual void end_later(PublishListener* listener, std::uint64_t tag, CommandDone done, CommandResult result) = 0;

  virtual void subscribe_at(NodeId id, SubscriptionKind kind, std::string_view name, MessageListener& listener) = 0;
  /// `at_redis`  false: Redis has ended the subscription itself
  virtual void unsubscribe_at(NodeId id, SubscriptionKind kind, std::string_view name, bool at_redis) = 0;
  /// The slot of a confirmed sharded channel has another owner.
  virtual void on_slot_moved() = 0;
};

}  // namespace socketio::redis
