#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <socketio/redis/types.hpp>

#include "cluster_nodes.hpp"
#include "cluster_questions.hpp"
#include "context.hpp"
#include "ring.hpp"
#include "slot_map.hpp"

namespace socketio::redis {

/// A lane is the queue of the commands of one slot; this one is for commands that any node can execute, at the home.
using LaneId = std::uint16_t;
constexpr LaneId any_node_lane = slot_count;

/// Commands from MULTI to EXEC: sent to one node together, and retried together.
struct ClusterTransaction {
  std::vector<std::string> commands;  ///< encoded
  std::vector<CommandDone> dones;
  std::vector<CommandResult> results;
};

struct ClusterCommand {
  std::string bytes;  ///< encoded
  std::size_t size = 0;
  PublishListener* listener = nullptr;  ///< null for commands other than publishes
  std::uint64_t tag = 0;
  CommandDone done;
  std::unique_ptr<ClusterTransaction> transaction;
  LaneId lane = any_node_lane;
  NodeId node = no_node;      ///< node that it is in flight to
  NodeId ask_node = no_node;  ///< node that it is sent to next, after ASKING, instead of the slot's owner
  bool is_abandoned = false;  ///< not sent again
  std::uint32_t redirects = 0;
  std::uint64_t give_up_ms = 0;  ///< when a temporary error becomes the reply; 0: there was no such error yet
  std::uint64_t sequence = 0;
  std::size_t part_count = 1;  ///< of a transaction: its commands
};

/// The commands of a cluster's client, in lanes.
///
/// All commands of a lane that are in flight are in flight to the same node. When that node returns some of them (MOVED, or the
/// connection was lost before they were written), the lane sends nothing until all have returned: so they keep their order.
/// Then it sends one at a time until a node has accepted one, because a node may refuse the first of several and accept the
/// second while a slot changes its owner.
///
/// A command's bytes are kept until it completes, because it may have to be sent again. Commands wait in their lanes, not in
/// the connections, as long as a connection is missing or busy.
class ClusterLanes final : private PublishListener {
 public:
  /// All outlive this. `questions` wait for room that answers to commands make.
  ClusterLanes(Context& context, ClusterNodes& nodes, ClusterLinks& links, ClusterDriver& driver,
               const ClusterQuestions& questions) noexcept
      : context_(context), nodes_(nodes), links_(links), driver_(driver), questions_(questions) {}

  /// Creates a command with room for its bytes, and returns its index. Follow with give().
  [[nodiscard]] std::uint32_t create(LaneId lane, std::size_t size);
  [[nodiscard]] ClusterCommand& operator[](std::uint32_t index) noexcept { return commands_[index]; }
  /// Sends a command, or lets it wait.
  void give(std::uint32_t index);
  /// Collects MULTI, the commands after it, and EXEC. At EXEC all are sent to the slot of the first one that has a key.
  void add_to_transaction(std::span<const std::string_view> words, CommandDone done);
  /// True from MULTI to EXEC.
  [[nodiscard]] bool in_transaction() const noexcept { return open_transaction_ != none; }
  /// Sends what can be sent now. Precondition: the slot map is known.
  void pump();

  /// Fails waiting commands in the order in which they were issued, lane by lane.
  void end_queued(std::string_view why, std::uint64_t& counter);
  /// Drops the command that has waited longest for any node. Returns false when none waits.
  bool drop_oldest();
  /// Commands in flight are not sent again.
  void abandon() noexcept;

  /// Commands that have not completed, including parts of transactions.
  [[nodiscard]] std::size_t live_count() const noexcept { return live_count_; }
  [[nodiscard]] std::size_t queued_count() const noexcept { return queued_count_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
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
  static constexpr std::uint32_t none = 0xffff'ffff;

  void pump_lane(Lane& lane, LaneId id);
  [[nodiscard]] bool may_leave(const Lane& lane, NodeId target);
  [[nodiscard]] bool must_wait(LaneId lane, const ClusterCommand& command, NodeId target);
  void send(Lane& lane, std::uint32_t index, NodeId target);

  void on_published(std::uint64_t tag, Outcome outcome, std::int64_t receivers, std::string_view message) override;
  void on_answer(std::uint32_t index, CommandResult result);
  void on_transaction_answer(std::uint32_t index, std::size_t part, CommandResult result);
  [[nodiscard]] bool comes_back(std::uint32_t index, Outcome outcome, std::string_view message);
  [[nodiscard]] bool is_sent_elsewhere(ClusterCommand& command, Lane*& lane, std::string_view message);
  void end(std::uint32_t index, Outcome outcome, std::string_view why, std::uint64_t& counter);
  void end_lane(Lane& lane, std::string_view why, std::uint64_t& counter);
  void release(std::uint32_t index);

  Context& context_;
  ClusterNodes& nodes_;
  ClusterLinks& links_;
  ClusterDriver& driver_;
  const ClusterQuestions& questions_;
  std::deque<ClusterCommand> commands_;
  std::vector<std::uint32_t> free_commands_;
  std::uint32_t open_transaction_ = none;
  std::size_t live_count_ = 0;
  std::size_t queued_count_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::unordered_map<LaneId, Lane> lanes_;
  std::unordered_set<LaneId> queued_lanes_;  ///< lanes with waiting commands
};

}  // namespace socketio::redis
