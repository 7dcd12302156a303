// Commands sent to the nodes of a cluster, and returned when a node redirects them.

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include <socketio/common/milliseconds.hpp>

#include "cluster_client.hpp"

namespace socketio::redis {
namespace {

/// Maximum bytes queued in one connection; further commands wait in the lanes.
constexpr std::size_t connection_bytes_max = std::size_t{1} << 20;
/// Pause after a temporary error, and after more than `redirects_at_once` redirections.
constexpr std::uint64_t pause_ms = 50;
constexpr std::uint32_t redirects_at_once = 3;
/// Memory up to this size is reused for the next command.
constexpr std::size_t kept_command_bytes = 4 * 1024;

void ignore_answer(const CommandResult&) {}

}  // namespace

// ---- in --------------------------------------------------------------------------------------------------------------------

void ClusterClient::publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  publish_with(publish_writer_, any_node_lane, channel, payload, listener, tag);
}

void ClusterClient::publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  publish_with(sharded_writer_, slot_of(channel), channel, payload, listener, tag);
}

void ClusterClient::publish_with(PublishWriter& writer, LaneId lane, std::string_view channel, Bytes payload,
                                 PublishListener& listener, std::uint64_t tag) {
  const std::size_t size = writer.begin(channel, payload.size());
  CommandDone none_done;
  if (!admit(size, &listener, tag, none_done)) {
    return;
  }
  const std::uint32_t index = new_command(lane, size);
  Command& command = commands_[index];
  command.listener = &listener;
  command.tag = tag;
  writer.write(reinterpret_cast<std::uint8_t*>(command.bytes.data()), payload);
  give(index);
}

void ClusterClient::command(std::span<const std::string_view> words, CommandDone done) {
  const Route route = route_of(words);
  if (!admit(command_size(words), nullptr, 0, done)) {
    return;
  }
  if (open_transaction_ != none || route.kind == Route::Kind::transaction) {
    add_to_transaction(words, std::move(done));
    return;
  }
  if (route.kind == Route::Kind::every_node || route.kind == Route::Kind::primaries) {
    add_question(words, route.kind, std::move(done));
    return;
  }
  const std::uint32_t index = new_command(route.kind == Route::Kind::slot ? route.slot : any_node_lane, command_size(words));
  Command& command = commands_[index];
  command.done = std::move(done);
  write_command(reinterpret_cast<std::uint8_t*>(command.bytes.data()), words);
  give(index);
}

/// Returns true if a command of this size is accepted; otherwise it fails at the end of the turn, and `done` is moved from.
bool ClusterClient::admit(std::size_t size, PublishListener* listener, std::uint64_t tag, CommandDone& done) {
  assert(loop_.on_loop_thread());
  ++counters_.commands;
  turn_end_.request();
  if (is_closing_ || subscriptions_in_use_) [[unlikely]] {
    ++counters_.not_sent_closed;
    end_later(listener, tag, std::move(done), Outcome::not_sent,
              is_closing_ ? "The client was closed." : "This client has subscriptions; give commands to another one.");
    return false;
  }
  if (has_failed_ && !nodes_.has_map() && options_.offline == OfflinePolicy::fail) [[unlikely]] {
    ++counters_.not_sent_offline;
    end_later(listener, tag, std::move(done), Outcome::not_sent, last_error());
    return false;
  }
  if (!make_room(size)) [[unlikely]] {
    ++counters_.not_sent_queue_full;
    end_later(listener, tag, std::move(done), Outcome::not_sent, "The queue is full.");
    return false;
  }
  return true;
}

bool ClusterClient::make_room(std::size_t size) {
  const auto fits = [this, size] {
    return kept_bytes_ == 0 || (kept_bytes_ <= options_.queue_bytes_max && size <= options_.queue_bytes_max - kept_bytes_);
  };
  while (!fits() && options_.offline == OfflinePolicy::drop_oldest && lane_count_ != 0) {
    Lane* oldest = nullptr;
    LaneId id = 0;
    for (const LaneId lane_id : queued_lanes_) {
      Lane& lane = lanes_[lane_id];
      if (oldest == nullptr || commands_[lane.oldest().front()].sequence < commands_[oldest->oldest().front()].sequence) {
        oldest = &lane;
        id = lane_id;
      }
    }
    const std::uint32_t dropped = oldest->oldest().pop_front();
    --lane_count_;
    if (!oldest->has_queued()) {
      queued_lanes_.erase(id);
    }
    end_later(dropped, Outcome::not_sent, "It was dropped to make room for newer ones.", counters_.dropped_oldest);
  }
  return fits();
}

/// Creates a command with room for its bytes, and returns its index.
std::uint32_t ClusterClient::new_command(LaneId lane, std::size_t size) {
  if (free_commands_.empty()) {
    free_commands_.push_back(static_cast<std::uint32_t>(commands_.size()));
    commands_.emplace_back();
  }
  const std::uint32_t index = free_commands_.back();
  free_commands_.pop_back();
  Command& command = commands_[index];
  command.bytes.resize(size);
  command.size = size;
  command.lane = lane;
  command.sequence = ++last_sequence_;
  kept_bytes_ += size;
  ++live_count_;
  return index;
}

void ClusterClient::release(std::uint32_t index) {
  Command& command = commands_[index];
  kept_bytes_ -= command.size;
  live_count_ -= command.part_count();
  std::string bytes = std::move(command.bytes);
  command = {};
  if (bytes.capacity() <= kept_command_bytes) {
    command.bytes = std::move(bytes);
  }
  free_commands_.push_back(index);
  if (is_closing_) {
    turn_end_.request();  // it may have been the last one, so that closing is complete
  }
}

// ---- lanes -----------------------------------------------------------------------------------------------------------------

void ClusterClient::give(std::uint32_t index) {
  const LaneId id = commands_[index].lane;
  Lane& lane = lanes_[id];
  if (!lane.has_queued() && nodes_.has_map()) {
    const NodeId target = nodes_.owner_of(id);
    if (may_leave(lane, target) && !must_wait(id, commands_[index], target)) [[likely]] {
      send(lane, index, target);
      return;
    }
  }
  lane.waiting.push_back(index);
  ++lane_count_;
  queued_lanes_.insert(id);
}

bool ClusterClient::may_leave(const Lane& lane, NodeId target) {
  const bool would_overtake = lane.is_draining || (lane.on_the_way != 0 && (lane.is_unsure || lane.node != target));
  if (would_overtake || target == no_node || lane.pause_until_ms > loop_.now_ms()) {
    return false;
  }
  const SingleClient* const client = commands_of(target);
  return client != nullptr && client->queued_bytes() < connection_bytes_max;
}

/// True if the command is a publish whose subscribers may not be back yet.
bool ClusterClient::must_wait(LaneId lane, const Command& command, NodeId target) {
  const std::uint64_t resume_ms = lane == any_node_lane ? nodes_.home_resume_ms() : nodes_[target]->resume_ms;
  const std::uint64_t now_ms = loop_.now_ms();
  if (now_ms >= resume_ms || command.listener == nullptr || is_closing_) [[likely]] {
    return false;
  }
  if (options_.resume_when && options_.resume_when(counters_.disconnects)) {
    return false;
  }
  wake_after(resume_ms - now_ms);
  return true;
}

void ClusterClient::pump() {
  if (!nodes_.has_map()) {
    if (has_failed_ && options_.offline == OfflinePolicy::fail) {
      end_queued(last_error(), counters_.not_sent_offline);
    }
    return;
  }
  if (!subscriptions_in_use_ && nodes_.home() != no_node) {
    commands_of(nodes_.home());  // also without commands for it: to be ready is to be connected
  }
  for (auto id = queued_lanes_.begin(); id != queued_lanes_.end();) {
    Lane& lane = lanes_[*id];
    pump_lane(lane, *id);
    id = lane.has_queued() ? std::next(id) : queued_lanes_.erase(id);
  }
}

void ClusterClient::pump_lane(Lane& lane, LaneId id) {
  if (lane.is_draining && lane.on_the_way == 0) {
    lane.is_draining = false;
    while (!lane.coming_back.empty()) {
      lane.returned.push_front(lane.coming_back.pop_back());
    }
  }
  while (lane.has_queued()) {
    Ring<std::uint32_t>& queue = lane.oldest();
    const NodeId ask_node = commands_[queue.front()].ask_node;
    const NodeId target = ask_node != no_node && nodes_[ask_node] ? ask_node : nodes_.owner_of(id);
    if (!may_leave(lane, target)) {
      if (const std::uint64_t now_ms = loop_.now_ms(); lane.pause_until_ms > now_ms) {
        wake_after(lane.pause_until_ms - now_ms);
      } else if (lane.on_the_way == 0 && target != no_node && nodes_[target]->is_away &&
                 options_.offline == OfflinePolicy::fail) {
        end_lane(lane, last_error(), counters_.not_sent_offline);
      }
      return;
    }
    if (must_wait(id, commands_[queue.front()], target)) {
      return;
    }
    --lane_count_;
    send(lane, queue.pop_front(), target);
  }
}

void ClusterClient::send(Lane& lane, std::uint32_t index, NodeId target) {
  Command& command = commands_[index];
  SingleClient& client = *nodes_[target]->commands;
  lane.node = target;
  ++lane.on_the_way;
  command.node = target;
  ++nodes_[target]->on_the_way;
  if (std::exchange(command.ask_node, no_node) == target) {
    const std::array<std::string_view, 1> asking{"ASKING"};
    client.command(asking, ignore_answer);
  }
  if (command.transaction) {
    send_transaction(index, client);
  } else if (command.listener != nullptr) {
    client.publish_encoded(as_bytes(command.bytes), *this, index);
  } else {
    client.command_encoded(as_bytes(command.bytes),
                           [this, index](CommandResult result) { on_answer(index, std::move(result)); });
  }
}

void ClusterClient::wake_after(std::uint64_t delay_ms) {
  const std::uint64_t due_ms = loop_.now_ms() + delay_ms;
  if (!wake_timer_.active() || due_ms < wake_ms_) {
    wake_ms_ = due_ms;
    wake_timer_.start(delay_ms);
  }
}

// ---- replies ---------------------------------------------------------------------------------------------------------------

void ClusterClient::on_published(std::uint64_t tag, Outcome outcome, std::int64_t receivers, std::string_view message) {
  const auto alive = shared_from_this();
  const auto index = static_cast<std::uint32_t>(tag);
  if (comes_back(index, outcome, message)) {
    return;
  }
  PublishListener& listener = *commands_[index].listener;
  const std::uint64_t own_tag = commands_[index].tag;
  release(index);
  ++counters_.answered;
  counters_.refused += outcome == Outcome::ok ? 0U : 1U;
  reports_.guarded([&] { listener.on_published(own_tag, outcome, receivers, message); });
}

void ClusterClient::on_answer(std::uint32_t index, CommandResult result) {
  const auto alive = shared_from_this();
  if (comes_back(index, result.outcome, result.message)) {
    return;
  }
  const CommandDone done = std::move(commands_[index].done);
  release(index);
  ++counters_.answered;
  counters_.refused += result.outcome == Outcome::ok ? 0U : 1U;
  if (done) {
    reports_.guarded([&] { done(std::move(result)); });
  }
}

/// Handles a command that has returned from its node. Returns false when Redis has answered it, and the reply must be reported.
bool ClusterClient::comes_back(std::uint32_t index, Outcome outcome, std::string_view message) {
  Command& command = commands_[index];
  Lane* lane = &lanes_[command.lane];
  --lane->on_the_way;
  ClusterNode& node = *nodes_[command.node];
  --node.on_the_way;
  if (lane->has_queued()) {
    turn_end_.request();
  }
  if (outcome == Outcome::ok) [[likely]] {
    lane->is_unsure = false;
    return false;
  }
  turn_end_.request();
  if (outcome == Outcome::unconfirmed) {
    end_later(index, outcome, message, counters_.unconfirmed);
    return true;
  }
  if (command.is_abandoned || is_finishing_) {
    if (outcome == Outcome::refused) {
      return false;
    }
    end_later(index, outcome, message, is_finishing_ ? counters_.not_sent_closed : counters_.not_sent_abandoned);
    return true;
  }
  if (outcome == Outcome::not_sent && options_.offline == OfflinePolicy::fail) {
    end_later(index, outcome, message, counters_.not_sent_offline);
    return true;
  }
  if (outcome == Outcome::refused && !is_sent_elsewhere(command, lane, message)) {
    lane->is_unsure = false;
    return false;
  }
  lane->is_draining = true;
  lane->coming_back.push_back(index);
  ++lane_count_;
  queued_lanes_.insert(command.lane);
  return true;
}

/// Returns true if an error means that the command must be sent again, and determines the node. Changes `lane` when the node
/// reports that the command has another slot than assumed.
bool ClusterClient::is_sent_elsewhere(Command& command, Lane*& lane, std::string_view message) {
  const auto redirection = parse_redirection(message, nodes_[command.node]->endpoint.host);
  if (!redirection) {
    return false;
  }
  const std::uint64_t now_ms = loop_.now_ms();
  if (redirection->kind != Redirection::Kind::ask) {  // ASK is for this command only
    request_refresh();
  }
  if (redirection->kind == Redirection::Kind::later) {
    if (command.give_up_ms == 0 && in_ms(options_.command_timeout) != 0) {
      command.give_up_ms = now_ms + in_ms(options_.command_timeout);
    }
    lane->pause_until_ms = now_ms + pause_ms;
    lane->is_unsure = true;
    return command.give_up_ms == 0 || now_ms < command.give_up_ms;
  }
  if (command.redirects >= options_.cluster_redirects_max) {
    return false;
  }
  if (redirection->slot != command.lane && command.listener == nullptr) {
    command.lane = redirection->slot;
    lane = &lanes_[command.lane];
  }
  if (++command.redirects > redirects_at_once) {
    lane->pause_until_ms = now_ms + pause_ms;
  }
  if (redirection->kind == Redirection::Kind::moved) {
    lane->is_unsure = true;
    nodes_.learn_owner(*redirection);
  } else {
    command.ask_node = nodes_.find_or_add(redirection->target);
    if (command.ask_node != no_node) {
      nodes_[command.ask_node]->is_listed = true;
    }
  }
  return true;
}

// ---- commands that complete without a reply --------------------------------------------------------------------------------

void ClusterClient::end_later(std::uint32_t index, Outcome outcome, std::string_view why, std::uint64_t& counter) {
  Command& command = commands_[index];
  counter += command.part_count();
  if (command.transaction) {
    for (CommandDone& done : command.transaction->dones) {
      end_later(nullptr, 0, std::move(done), outcome, why);
    }
  } else {
    end_later(command.listener, command.tag, std::move(command.done), outcome, why);
  }
  release(index);
}

void ClusterClient::end_later(PublishListener* listener, std::uint64_t tag, CommandDone done, Outcome outcome,
                              std::string_view why) {
  ended_.push_back({listener, tag, std::move(done), {outcome, std::string(why), {}}});
  turn_end_.request();
}

void ClusterClient::end_lane(Lane& lane, std::string_view why, std::uint64_t& counter) {
  for (Ring<std::uint32_t>* const queue : {&lane.coming_back, &lane.returned, &lane.waiting}) {
    while (!queue->empty()) {
      --lane_count_;
      end_later(queue->pop_front(), Outcome::not_sent, why, counter);
    }
  }
}

/// Fails waiting commands in the order in which they were issued, lane by lane.
void ClusterClient::end_queued(std::string_view why, std::uint64_t& counter) {
  for (const LaneId id : std::exchange(queued_lanes_, {})) {
    end_lane(lanes_[id], why, counter);
  }
  if (const std::uint32_t open = std::exchange(open_transaction_, none); open != none) {
    end_later(open, Outcome::not_sent, why, counter);
  }
}

void ClusterClient::flush() {
  assert(loop_.on_loop_thread());
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    if (node && node->commands) {
      node->commands->flush();
    }
  }
}

void ClusterClient::abandon(std::string_view why) {
  assert(loop_.on_loop_thread());
  const std::string reason(why);
  end_queued(reason, counters_.not_sent_abandoned);
  end_questions(reason, counters_.not_sent_abandoned);
  for (Command& command : commands_) {
    command.is_abandoned = command.size != 0;  // the entry is in use
  }
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    if (node && node->commands) {
      node->commands->abandon(reason);
    }
  }
}

}  // namespace socketio::redis
