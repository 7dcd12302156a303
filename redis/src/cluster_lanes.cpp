#include "cluster_lanes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <socketio/common/milliseconds.hpp>

namespace socketio::redis {
namespace {

/// Pause after a temporary error, and after more than `redirects_at_once` redirections.
constexpr std::uint64_t pause_ms = 50;
constexpr std::uint32_t redirects_at_once = 3;
/// Memory up to this size is reused for the next command.
constexpr std::size_t kept_command_bytes = 4 * 1024;

}  // namespace

std::uint32_t ClusterLanes::create(LaneId lane, std::size_t size) {
  if (free_commands_.empty()) {
    free_commands_.push_back(static_cast<std::uint32_t>(commands_.size()));
    commands_.emplace_back();
  }
  const std::uint32_t index = free_commands_.back();
  free_commands_.pop_back();
  ClusterCommand& command = commands_[index];
  command.bytes.resize(size);
  command.size = size;
  command.lane = lane;
  command.sequence = ++last_sequence_;
  bytes_ += size;
  ++live_count_;
  return index;
}

void ClusterLanes::add_to_transaction(std::span<const std::string_view> words, CommandDone done) {
  if (!in_transaction()) {
    open_transaction_ = create(any_node_lane, 0);
    commands_[open_transaction_].transaction = std::make_unique<ClusterTransaction>();
    commands_[open_transaction_].part_count = 0;
    --live_count_;  // its parts are counted instead
  }
  std::string encoded(command_size(words), '\0');
  write_command(reinterpret_cast<std::uint8_t*>(encoded.data()), words);
  ClusterCommand& command = commands_[open_transaction_];
  command.size += encoded.size();
  bytes_ += encoded.size();
  ++command.part_count;
  ++live_count_;
  command.transaction->commands.push_back(std::move(encoded));
  command.transaction->dones.push_back(std::move(done));
  if (const Route route = route_of(words); route.kind == Route::Kind::slot && command.lane == any_node_lane) {
    command.lane = route.slot;
  }
  if (ends_transaction(words)) {
    give(std::exchange(open_transaction_, none));
  }
}

void ClusterLanes::release(std::uint32_t index) {
  ClusterCommand& command = commands_[index];
  bytes_ -= command.size;
  live_count_ -= command.part_count;
  std::string bytes = std::move(command.bytes);
  command = {};
  if (bytes.capacity() <= kept_command_bytes) {
    command.bytes = std::move(bytes);
  }
  free_commands_.push_back(index);
  if (context_.closing.has_begun || questions_.count() != 0) {
    driver_.wake_after(0);  // closing may be complete, or a connection has room for a question
  }
}

// ---- out -------------------------------------------------------------------------------------------------------------------

void ClusterLanes::give(std::uint32_t index) {
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
  ++queued_count_;
  queued_lanes_.insert(id);
}

bool ClusterLanes::may_leave(const Lane& lane, NodeId target) {
  const bool would_overtake = lane.is_draining || (lane.on_the_way != 0 && (lane.is_unsure || lane.node != target));
  if (would_overtake || target == no_node || lane.pause_until_ms > driver_.now_ms()) {
    return false;
  }
  return links_.can_send(target);
}

/// True if the command is a publish whose subscribers may not be back yet.
bool ClusterLanes::must_wait(LaneId lane, const ClusterCommand& command, NodeId target) {
  const std::uint64_t resume_ms = lane == any_node_lane ? nodes_.home_resume_ms() : nodes_[target]->resume_ms;
  const std::uint64_t now_ms = driver_.now_ms();
  if (now_ms >= resume_ms || command.listener == nullptr || context_.closing.has_begun) [[likely]] {
    return false;
  }
  if (context_.options.resume_when && context_.options.resume_when(context_.counters.disconnects)) {
    return false;
  }
  driver_.wake_after(resume_ms - now_ms);
  return true;
}

void ClusterLanes::pump() {
  for (auto id = queued_lanes_.begin(); id != queued_lanes_.end();) {
    Lane& lane = lanes_[*id];
    pump_lane(lane, *id);
    id = lane.has_queued() ? std::next(id) : queued_lanes_.erase(id);
  }
}

void ClusterLanes::pump_lane(Lane& lane, LaneId id) {
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
      if (const std::uint64_t now_ms = driver_.now_ms(); lane.pause_until_ms > now_ms) {
        driver_.wake_after(lane.pause_until_ms - now_ms);
      } else if (lane.on_the_way == 0 && target != no_node && nodes_[target]->is_away &&
                 context_.options.offline == OfflinePolicy::fail) {
        end_lane(lane, context_.reports.last_error(), context_.counters.not_sent_offline);
      }
      return;
    }
    if (must_wait(id, commands_[queue.front()], target)) {
      return;
    }
    --queued_count_;
    send(lane, queue.pop_front(), target);
  }
}

void ClusterLanes::send(Lane& lane, std::uint32_t index, NodeId target) {
  ClusterCommand& command = commands_[index];
  lane.node = target;
  ++lane.on_the_way;
  command.node = target;
  ++nodes_[target]->on_the_way;
  if (std::exchange(command.ask_node, no_node) == target) {
    links_.send(target, as_bytes("*1\r\n$6\r\nASKING\r\n"), nullptr, 0, {});
  }
  if (!command.transaction) {
    const bool is_publish = command.listener != nullptr;
    links_.send(
        target, as_bytes(command.bytes), is_publish ? this : nullptr, index,
        is_publish ? CommandDone() : [this, index](CommandResult result) { on_answer(index, std::move(result)); });
    return;
  }
  command.transaction->results.clear();
  for (std::size_t part = 0; part < command.transaction->commands.size(); ++part) {
    links_.send(target, as_bytes(command.transaction->commands[part]), nullptr, 0,
                [this, index, part](CommandResult result) { on_transaction_answer(index, part, std::move(result)); });
  }
}

// ---- replies ---------------------------------------------------------------------------------------------------------------

void ClusterLanes::on_published(std::uint64_t tag, Outcome outcome, std::int64_t receivers, std::string_view message) {
  const auto alive = driver_.hold();
  const auto index = static_cast<std::uint32_t>(tag);
  if (comes_back(index, outcome, message)) {
    return;
  }
  PublishListener& listener = *commands_[index].listener;
  const std::uint64_t own_tag = commands_[index].tag;
  ++context_.counters.answered;
  context_.counters.refused += outcome == Outcome::ok ? 0U : 1U;
  release(index);
  context_.reports.guarded([&] { listener.on_published(own_tag, outcome, receivers, message); });
}

void ClusterLanes::on_answer(std::uint32_t index, CommandResult result) {
  const auto alive = driver_.hold();
  if (comes_back(index, result.outcome, result.message)) {
    return;
  }
  const CommandDone done = std::move(commands_[index].done);
  ++context_.counters.answered;
  context_.counters.refused += result.outcome == Outcome::ok ? 0U : 1U;
  release(index);
  if (done) {
    context_.reports.guarded([&] { done(std::move(result)); });
  }
}

/// Reports nothing before the last reply: when the node redirects, the whole transaction is sent again.
void ClusterLanes::on_transaction_answer(std::uint32_t index, std::size_t part, CommandResult result) {
  const auto alive = driver_.hold();
  ClusterTransaction& transaction = *commands_[index].transaction;
  transaction.results.push_back(std::move(result));
  if (part + 1 != transaction.commands.size()) {
    return;
  }
  const auto& results = transaction.results;
  const auto back = std::find_if(results.begin(), results.end(), [](const CommandResult& one) {
    return one.outcome == Outcome::refused && parse_redirection(one.message, {}).has_value();
  });
  const CommandResult& last = results.back();  // reply to EXEC: the other commands were only queued
  const Outcome outcome = back != results.end() && last.outcome != Outcome::ok ? Outcome::refused : last.outcome;
  const std::string message = outcome == Outcome::refused && back != results.end() ? back->message : last.message;
  if (comes_back(index, outcome, message)) {
    return;
  }
  const std::unique_ptr<ClusterTransaction> ended = std::move(commands_[index].transaction);
  release(index);
  for (std::size_t number = 0; number < ended->dones.size(); ++number) {
    ++context_.counters.answered;
    context_.counters.refused += ended->results[number].outcome == Outcome::ok ? 0U : 1U;
    if (ended->dones[number]) {
      context_.reports.guarded([&] { ended->dones[number](std::move(ended->results[number])); });
    }
  }
}

/// Handles a command that has returned from its node. Returns false when Redis has answered it.
bool ClusterLanes::comes_back(std::uint32_t index, Outcome outcome, std::string_view message) {
  ClusterCommand& command = commands_[index];
  Lane* lane = &lanes_[command.lane];
  --lane->on_the_way;
  ClusterNode& node = *nodes_[command.node];
  --node.on_the_way;
  if (lane->has_queued()) {
    driver_.wake_after(0);
  }
  if (outcome == Outcome::ok) [[likely]] {
    lane->is_unsure = false;
    return false;
  }
  driver_.wake_after(0);
  if (outcome == Outcome::unconfirmed) {
    end(index, outcome, message, context_.counters.unconfirmed);
    return true;
  }
  if (const bool is_final = context_.closing.is_final; command.is_abandoned || is_final) {
    if (outcome == Outcome::refused) {
      return false;
    }
    end(index, outcome, message, is_final ? context_.counters.not_sent_closed : context_.counters.not_sent_abandoned);
    return true;
  }
  if (outcome == Outcome::not_sent && context_.options.offline == OfflinePolicy::fail) {
    end(index, outcome, message, context_.counters.not_sent_offline);
    return true;
  }
  if (outcome == Outcome::refused && !is_sent_elsewhere(command, lane, message)) {
    lane->is_unsure = false;
    return false;
  }
  lane->is_draining = true;
  lane->coming_back.push_back(index);
  ++queued_count_;
  queued_lanes_.insert(command.lane);
  return true;
}

/// Returns true if an error means that the command must be sent again, and determines the node. Changes `lane` when the node
/// reports that the command has another slot than assumed.
bool ClusterLanes::is_sent_elsewhere(ClusterCommand& command, Lane*& lane, std::string_view message) {
  const auto redirection = parse_redirection(message, nodes_[command.node]->endpoint.host);
  if (!redirection) {
    return false;
  }
  const std::uint64_t now_ms = driver_.now_ms();
  if (redirection->kind != Redirection::Kind::ask) {  // ASK is for this command only
    driver_.request_refresh();
  }
  if (redirection->kind == Redirection::Kind::later) {
    if (command.give_up_ms == 0 && in_ms(context_.options.command_timeout) != 0) {
      command.give_up_ms = now_ms + in_ms(context_.options.command_timeout);
    }
    lane->pause_until_ms = now_ms + pause_ms;
    lane->is_unsure = true;
    return command.give_up_ms == 0 || now_ms < command.give_up_ms;
  }
  if (command.redirects >= context_.options.cluster_redirects_max) {
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

void ClusterLanes::end(std::uint32_t index, Outcome outcome, std::string_view why, std::uint64_t& counter) {
  ClusterCommand& command = commands_[index];
  Completions& completions = context_.completions;
  counter += command.part_count;
  if (command.listener != nullptr) {
    completions.add({command.listener, command.tag, 0, 0}, outcome, why);
  } else if (command.transaction) {
    for (CommandDone& done : command.transaction->dones) {
      completions.add({nullptr, completions.keep(std::move(done)), 0, 0}, outcome, why);
    }
  } else {
    completions.add({nullptr, completions.keep(std::move(command.done)), 0, 0}, outcome, why);
  }
  release(index);
}

void ClusterLanes::end_lane(Lane& lane, std::string_view why, std::uint64_t& counter) {
  for (Ring<std::uint32_t>* const queue : {&lane.coming_back, &lane.returned, &lane.waiting}) {
    while (!queue->empty()) {
      --queued_count_;
      end(queue->pop_front(), Outcome::not_sent, why, counter);
    }
  }
}

void ClusterLanes::end_queued(std::string_view why, std::uint64_t& counter) {
  for (const LaneId id : std::exchange(queued_lanes_, {})) {
    end_lane(lanes_[id], why, counter);
  }
  if (in_transaction()) {
    end(std::exchange(open_transaction_, none), Outcome::not_sent, why, counter);
  }
}

bool ClusterLanes::drop_oldest() {
  Lane* oldest = nullptr;
  LaneId id = 0;
  for (const LaneId lane_id : queued_lanes_) {
    Lane& lane = lanes_[lane_id];
    if (oldest == nullptr || commands_[lane.oldest().front()].sequence < commands_[oldest->oldest().front()].sequence) {
      oldest = &lane;
      id = lane_id;
    }
  }
  if (oldest == nullptr) {
    return false;
  }
  const std::uint32_t dropped = oldest->oldest().pop_front();
  --queued_count_;
  if (!oldest->has_queued()) {
    queued_lanes_.erase(id);
  }
  end(dropped, Outcome::not_sent, "It was dropped to make room for newer ones.", context_.counters.dropped_oldest);
  return true;
}

void ClusterLanes::abandon() noexcept {
  for (ClusterCommand& command : commands_) {
    command.is_abandoned = command.size != 0;  // the entry is in use
  }
}

}  // namespace socketio::redis
