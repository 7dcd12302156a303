// Commands to the nodes of a cluster, and the replies to them.

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "cluster_client.hpp"

namespace socketio::redis {
namespace {

/// Maximum bytes queued in one connection; further commands wait in the lanes.
constexpr std::size_t connection_bytes_max = std::size_t{1} << 20;

void ignore_answer(const CommandResult&) {}

bool is_sent_back(const CommandResult& result) {
  return result.outcome == Outcome::refused && parse_redirection(result.message, {}).has_value();
}

}  // namespace

// ---- out -------------------------------------------------------------------------------------------------------------------

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
  const std::uint32_t index = lanes_.create(lane, size);
  ClusterCommand& command = lanes_[index];
  command.listener = &listener;
  command.tag = tag;
  writer.write(reinterpret_cast<std::uint8_t*>(command.bytes.data()), payload);
  lanes_.give(index);
}

void ClusterClient::command(std::span<const std::string_view> words, CommandDone done) {
  const Route route = route_of(words);
  const std::size_t size = command_size(words);
  if (!admit(size, nullptr, 0, done)) {
    return;
  }
  if (open_transaction_ != none || route.kind == Route::Kind::transaction) {
    add_to_transaction(words, std::move(done));
    return;
  }
  if (route.kind == Route::Kind::every_node || route.kind == Route::Kind::primaries) {
    questions_.add(words, size, route.kind, std::move(done));
    return;
  }
  const std::uint32_t index = lanes_.create(route.kind == Route::Kind::slot ? route.slot : any_node_lane, size);
  ClusterCommand& command = lanes_[index];
  command.done = std::move(done);
  write_command(reinterpret_cast<std::uint8_t*>(command.bytes.data()), words);
  lanes_.give(index);
}

/// Collects MULTI, the commands after it, and EXEC. At EXEC all are sent to the slot of the first one that has a key.
void ClusterClient::add_to_transaction(std::span<const std::string_view> words, CommandDone done) {
  if (open_transaction_ == none) {
    open_transaction_ = lanes_.create_transaction();
  }
  std::string encoded(command_size(words), '\0');
  write_command(reinterpret_cast<std::uint8_t*>(encoded.data()), words);
  lanes_.extend_transaction(open_transaction_, std::move(encoded), std::move(done));
  ClusterCommand& command = lanes_[open_transaction_];
  if (const Route route = route_of(words); route.kind == Route::Kind::slot && command.lane == any_node_lane) {
    command.lane = route.slot;
  }
  if (ends_transaction(words)) {
    lanes_.give(std::exchange(open_transaction_, none));
  }
}

/// Returns true if a command of this size is accepted; otherwise it fails at the end of the turn, and `done` is moved from.
bool ClusterClient::admit(std::size_t size, PublishListener* listener, std::uint64_t tag, CommandDone& done) {
  assert(loop_.on_loop_thread());
  ++counters_.commands;
  turn_end_.request();
  const auto refuse = [&](std::string_view why, std::uint64_t& counter) {
    ++counter;
    end_later(listener, tag, std::move(done), {Outcome::not_sent, std::string(why), {}});
    return false;
  };
  if (is_closing_) [[unlikely]] {
    return refuse("The client was closed.", counters_.not_sent_closed);
  }
  if (subscriptions_.in_use()) [[unlikely]] {
    return refuse("This client has subscriptions; give commands to another one.", counters_.not_sent_closed);
  }
  if (has_failed_ && !nodes_.has_map() && options_.offline == OfflinePolicy::fail) [[unlikely]] {
    return refuse(last_error(), counters_.not_sent_offline);
  }
  const auto fits = [this, size] {
    const std::size_t kept = queued_bytes();
    return kept == 0 || (kept <= options_.queue_bytes_max && size <= options_.queue_bytes_max - kept);
  };
  while (!fits() && options_.offline == OfflinePolicy::drop_oldest && lanes_.drop_oldest()) {
  }
  return fits() || refuse("The queue is full.", counters_.not_sent_queue_full);
}

/// Sends what waits, or fails it.
void ClusterClient::pump() {
  if (nodes_.has_map()) {
    if (!subscriptions_.in_use() && nodes_.home() != no_node) {
      commands_of(nodes_.home());  // also without commands for it: to be ready is to be connected
    }
    lanes_.pump();
    questions_.pump();
  } else if (has_failed_ && options_.offline == OfflinePolicy::fail) {
    const std::string why = last_error();
    end_queued(why, counters_.not_sent_offline);
  }
}

bool ClusterClient::can_send(NodeId id) {
  const SingleClient* const client = commands_of(id);
  return client != nullptr && client->queued_bytes() < connection_bytes_max;
}

void ClusterClient::send(std::uint32_t index, NodeId id, bool is_asking) {
  ClusterCommand& command = lanes_[index];
  SingleClient& client = *nodes_[id]->commands;
  if (is_asking) {
    const std::array<std::string_view, 1> asking{"ASKING"};
    client.command(asking, ignore_answer);
  }
  if (command.transaction) {
    command.transaction->results.clear();
    for (std::size_t part = 0; part < command.transaction->commands.size(); ++part) {
      client.command_encoded(as_bytes(command.transaction->commands[part]), [this, index, part](CommandResult result) {
        on_transaction_answer(index, part, std::move(result));
      });
    }
  } else if (command.listener != nullptr) {
    client.publish_encoded(as_bytes(command.bytes), *this, index);
  } else {
    client.command_encoded(as_bytes(command.bytes),
                           [this, index](CommandResult result) { on_answer(index, std::move(result)); });
  }
}

void ClusterClient::send_words(NodeId id, std::span<const std::string_view> words, CommandDone done) {
  nodes_[id]->commands->command(words, std::move(done));
}

bool ClusterClient::holds_publishes() {
  return !is_closing_ && !(options_.resume_when && options_.resume_when(counters_.disconnects));
}

void ClusterClient::flush() {
  assert(loop_.on_loop_thread());
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    if (node && node->commands) {
      node->commands->flush();
    }
  }
}

// ---- replies ---------------------------------------------------------------------------------------------------------------

/// The command has completed with a reply.
void ClusterClient::release(std::uint32_t index, Outcome outcome) {
  lanes_.release(index);
  ++counters_.answered;
  counters_.refused += outcome == Outcome::ok ? 0U : 1U;
  if (is_closing_ || questions_.count() != 0) {
    turn_end_.request();  // closing may be complete, or a connection has room for a question
  }
}

void ClusterClient::on_published(std::uint64_t tag, Outcome outcome, std::int64_t receivers, std::string_view message) {
  const auto alive = shared_from_this();
  const auto index = static_cast<std::uint32_t>(tag);
  if (lanes_.comes_back(index, outcome, message)) {
    return;
  }
  PublishListener& listener = *lanes_[index].listener;
  const std::uint64_t own_tag = lanes_[index].tag;
  release(index, outcome);
  reports_.guarded([&] { listener.on_published(own_tag, outcome, receivers, message); });
}

void ClusterClient::on_answer(std::uint32_t index, CommandResult result) {
  const auto alive = shared_from_this();
  if (lanes_.comes_back(index, result.outcome, result.message)) {
    return;
  }
  const CommandDone done = std::move(lanes_[index].done);
  release(index, result.outcome);
  if (done) {
    reports_.guarded([&] { done(std::move(result)); });
  }
}

/// Reports nothing before the last reply: when the node redirects, the whole transaction is sent again.
void ClusterClient::on_transaction_answer(std::uint32_t index, std::size_t part, CommandResult result) {
  const auto alive = shared_from_this();
  ClusterTransaction& transaction = *lanes_[index].transaction;
  transaction.results.push_back(std::move(result));
  if (part + 1 != transaction.commands.size()) {
    return;
  }
  const auto& results = transaction.results;
  const auto back = std::find_if(results.begin(), results.end(), is_sent_back);
  const CommandResult& last = results.back();  // reply to EXEC: the other commands were only queued
  const Outcome outcome = back != results.end() && last.outcome != Outcome::ok ? Outcome::refused : last.outcome;
  const std::string message = outcome == Outcome::refused && back != results.end() ? back->message : last.message;
  if (lanes_.comes_back(index, outcome, message)) {
    return;
  }
  const std::unique_ptr<ClusterTransaction> ended = std::move(lanes_[index].transaction);
  lanes_.release(index);
  if (is_closing_ || questions_.count() != 0) {
    turn_end_.request();
  }
  for (std::size_t number = 0; number < ended->dones.size(); ++number) {
    ++counters_.answered;
    counters_.refused += ended->results[number].outcome == Outcome::ok ? 0U : 1U;
    if (ended->dones[number]) {
      reports_.guarded([&] { ended->dones[number](std::move(ended->results[number])); });
    }
  }
}

// ---- commands that complete without a reply --------------------------------------------------------------------------------

void ClusterClient::end_later(PublishListener* listener, std::uint64_t tag, CommandDone done, CommandResult result) {
  ended_.push_back({listener, tag, std::move(done), std::move(result)});
  turn_end_.request();
}

void ClusterClient::end_queued(std::string_view why, std::uint64_t& counter) {
  lanes_.end_queued(why, counter);
  if (const std::uint32_t open = std::exchange(open_transaction_, none); open != none) {
    lanes_.end(open, Outcome::not_sent, why, counter);
  }
  questions_.end_all(why, counter);
}

void ClusterClient::abandon(std::string_view why) {
  assert(loop_.on_loop_thread());
  const std::string reason(why);
  end_queued(reason, counters_.not_sent_abandoned);
  lanes_.abandon();
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    if (node && node->commands) {
      node->commands->abandon(reason);
    }
  }
}

}  // namespace socketio::redis
