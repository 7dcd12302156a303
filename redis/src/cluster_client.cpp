#include "cluster_client.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include <socketio/common/error.hpp>

#include "routing.hpp"

namespace socketio::redis {
namespace {

Options usable_in_cluster(Options options) {
  if (options.endpoints.empty()) {
    throw Error(ErrorCode::bad_option, "A Redis Cluster needs the address of at least one of its nodes (endpoints).");
  }
  if (options.database != 0) {
    throw Error(ErrorCode::bad_option, "A Redis Cluster has only database 0, not " + std::to_string(options.database) + ".");
  }
  return options;
}

}  // namespace

ClusterClient::ClusterClient(Loop& loop, Options options, Random* random)
    : ClientCore(loop, usable_in_cluster(std::move(options)), random),
      nodes_(context_.options),
      connections_(loop, context_, nodes_, random_,
                   [this](NodeId id, State state, std::string_view why) { on_node_state(id, state, why); }),
      refresh_(context_.options),
      questions_(context_, nodes_, connections_, *this),
      lanes_(context_, nodes_, connections_, *this, questions_),
      subscriptions_(context_, nodes_, connections_, *this),
      refresh_timer_(loop,
                     [this] {
                       refresh_.want();
                       turn_end_.request();
                     }),
      wake_timer_(loop, [this] { turn_end_.request(); }) {}

/// Does everything that is more than a reaction to one reply: at this point no connection is inside a callback.
void ClusterClient::on_turn_end() {
  const std::uint64_t now_ms = loop_.now_ms();
  subscriptions_.begin_turn();
  if (std::exchange(connect_wanted_, false)) {
    refresh_.want();
  }
  const State state = context_.reports.state();
  if (state != State::idle && state != State::closed && !context_.closing.is_due) {
    take_query();
    if (refresh_.begin(now_ms)) {
      refresh_timer_.stop();
      if (context_.reports.state() == State::disconnected) {
        set_state(State::connecting, {});
      }
      query_ = std::make_unique<SlotMapQuery>(
          loop_, [this](const Endpoint& endpoint) { return connections_.make(endpoint); }, nodes_.to_ask(random_),
          [this] { turn_end_.request(); }, context_.counters);
    }
    if (nodes_.choose_home(subscriptions_.in_use(), now_ms, random_)) {
      move_subscriptions();
    }
    if (lanes_.live_count() + questions_.count() == 0) {  // commands issued before the first subscription complete before it
      if (const auto wait_ms = subscriptions_.place_all(now_ms)) {
        wake_after(*wait_ms);
      }
    }
    pump();
    connections_.sweep(subscriptions_.in_use() && lanes_.live_count() + questions_.count() == 0);
    if (context_.reports.is_up() || is_well()) {
      show_connected(true);
    }
  }
  deliver();
  if (!context_.closing.is_destroyed) {
    flush();
  }
}

void ClusterClient::end_all(std::string_view why) {
  refresh_timer_.stop();
  wake_timer_.stop();
  query_.reset();
  connections_.drop_all();
  end_queued(why, context_.counters.not_sent_closed);
}

void ClusterClient::wake_after(std::uint64_t delay_ms) {
  if (delay_ms == 0) {
    turn_end_.request();
    return;
  }
  const std::uint64_t due_ms = loop_.now_ms() + delay_ms;
  if (!wake_timer_.active() || due_ms < wake_ms_) {
    wake_ms_ = due_ms;
    wake_timer_.start(delay_ms);
  }
}

// ---- the slot map, and the state -------------------------------------------------------------------------------------------

/// Schedules a refresh because something indicates a change.
void ClusterClient::request_refresh() {
  if (const auto delay_ms = context_.closing.is_final ? std::nullopt : refresh_.request(loop_.now_ms(), random_)) {
    refresh_timer_.start(*delay_ms);
  }
}

void ClusterClient::take_query() {
  if (!query_ || !query_->has_ended()) {
    return;
  }
  const std::unique_ptr<SlotMapQuery> query = std::move(query_);
  refresh_.end();
  has_failed_ = !query->map();
  if (has_failed_) {
    ++context_.counters.failed_attempts;
    fall(query->why(), query->is_refusal());
  } else {
    nodes_.apply(*query->map(), loop_.now_ms());
    move_subscriptions();
    connections_.adopt(query->from(), subscriptions_.in_use() ? &ClusterNode::subscriber : &ClusterNode::commands,
                       query->take_connection());
  }
  if (const auto delay_ms = refresh_.next(has_failed_ || nodes_.is_any_away(), loop_.now_ms(), random_)) {
    refresh_timer_.start(*delay_ms);
  }
}

void ClusterClient::move_subscriptions() {
  if (subscriptions_.move() && context_.reports.is_up()) {
    fall("Subscriptions move to another node of " + context_.name.where + ".", false);
  }
  turn_end_.request();
}

void ClusterClient::on_node_state(NodeId id, State state, std::string_view why) {
  ClusterNode& node = *nodes_[id];
  if (state == State::ready) {
    node.is_away = false;
  } else if (state == State::disconnected) {
    nodes_.on_lost(id, loop_.now_ms());
    subscriptions_.unconfirm_at(id);
    const auto refused = [](const std::shared_ptr<SingleClient>& client) {
      return client && client->reports().state() == State::disconnected && client->reports().last_error_is_refusal();
    };
    if (nodes_.matters(id)) {
      fall(why, refused(node.commands) || refused(node.subscriber));
    }
    request_refresh();
  }
  turn_end_.request();
}

/// Changes the state to `disconnected`: something that is needed was lost, or is not available.
void ClusterClient::fall(std::string_view why, bool refusal) {
  Reports& reports = context_.reports;
  reports.set_error(why, refusal, context_.name.where);
  if (reports.is_up() || reports.state() == State::connecting) {
    context_.counters.disconnects += reports.is_up() ? 1U : 0U;
    set_state(State::disconnected, why);
  }
}

bool ClusterClient::is_well() const noexcept {
  if (!nodes_.has_map() || subscriptions_.unconfirmed_count() != 0 || nodes_.is_any_away()) {
    return false;
  }
  const ClusterNode* const home = nodes_.home() == no_node ? nullptr : nodes_[nodes_.home()].get();
  return subscriptions_.in_use() || (home != nullptr && home->commands && home->commands->reports().state() == State::ready);
}

// ---- commands --------------------------------------------------------------------------------------------------------------

void ClusterClient::publish(bool is_sharded, std::string_view channel, Bytes payload, PublishListener& listener,
                            std::uint64_t tag) {
  PublishWriter& writer = publish_writers_[is_sharded ? 1 : 0];
  const std::size_t size = writer.begin(channel, payload.size());
  CommandDone none_done;
  if (!admit(size, &listener, tag, none_done)) {
    return;
  }
  const std::uint32_t index = lanes_.create(is_sharded ? slot_of(channel) : any_node_lane, size);
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
  if (lanes_.in_transaction() || route.kind == Route::Kind::transaction) {
    lanes_.add_to_transaction(words, std::move(done));
    return;
  }
  if (route.kind == Route::Kind::every_node || route.kind == Route::Kind::primaries) {
    std::string encoded(size, '\0');
    write_command(reinterpret_cast<std::uint8_t*>(encoded.data()), words);
    questions_.add(std::move(encoded), route.kind, std::move(done));
    return;
  }
  const std::uint32_t index = lanes_.create(route.kind == Route::Kind::slot ? route.slot : any_node_lane, size);
  ClusterCommand& command = lanes_[index];
  command.done = std::move(done);
  write_command(reinterpret_cast<std::uint8_t*>(command.bytes.data()), words);
  lanes_.give(index);
}

/// Returns true if a command of this size is accepted; otherwise it completes at the end of the turn, and `done` is moved from.
bool ClusterClient::admit(std::size_t size, PublishListener* listener, std::uint64_t tag, CommandDone& done) {
  assert(loop_.on_loop_thread());
  const Options& options = context_.options;
  Counters& counters = context_.counters;
  ++counters.commands;
  turn_end_.request();
  const auto refuse = [&](std::string_view why, std::uint64_t& counter) {
    ++counter;
    const std::uint64_t own_tag = listener != nullptr ? tag : context_.completions.keep(std::move(done));
    context_.completions.add({listener, own_tag, 0, 0}, Outcome::not_sent, why);
    return false;
  };
  if (context_.closing.has_begun) [[unlikely]] {
    return refuse("The client was closed.", counters.not_sent_closed);
  }
  if (subscriptions_.in_use()) [[unlikely]] {
    return refuse("This client has subscriptions; give commands to another one.", counters.not_sent_closed);
  }
  if (has_failed_ && !nodes_.has_map() && options.offline == OfflinePolicy::fail) [[unlikely]] {
    return refuse(context_.reports.last_error(), counters.not_sent_offline);
  }
  const auto fits = [this, size, max = options.queue_bytes_max] {
    const std::size_t kept = queued_bytes();
    return kept == 0 || (kept <= max && size <= max - kept);
  };
  while (!fits() && options.offline == OfflinePolicy::drop_oldest && lanes_.drop_oldest()) {
  }
  return fits() || refuse("The queue is full.", counters.not_sent_queue_full);
}

/// Sends what waits, or fails it.
void ClusterClient::pump() {
  if (nodes_.has_map()) {
    if (!subscriptions_.in_use() && nodes_.home() != no_node) {
      connections_.open(nodes_.home(), &ClusterNode::commands);  // also without commands for it: to be ready is to be connected
    }
    lanes_.pump();
    questions_.pump();
  } else if (has_failed_ && context_.options.offline == OfflinePolicy::fail) {
    const std::string why = context_.reports.last_error();
    end_queued(why, context_.counters.not_sent_offline);
  }
}

void ClusterClient::end_queued(std::string_view why, std::uint64_t& counter) {
  lanes_.end_queued(why, counter);
  questions_.end_all(why, counter);
}

void ClusterClient::flush() {
  assert(loop_.on_loop_thread());
  connections_.for_each([](SingleClient& client) { client.flush(); });
}

void ClusterClient::abandon(std::string_view why) {
  assert(loop_.on_loop_thread());
  const std::string reason(why);
  end_queued(reason, context_.counters.not_sent_abandoned);
  lanes_.abandon();
  connections_.for_each([&reason](SingleClient& client) { client.abandon(reason); });
  turn_end_.request();
}

// ---- counters --------------------------------------------------------------------------------------------------------------

ClientCore::Load ClusterClient::load() const noexcept {
  const std::size_t live_count = lanes_.live_count() + questions_.count();
  std::size_t queued = lanes_.queued_count();
  connections_.for_each([&queued](const SingleClient& client) { queued += client.load().queued_count; });
  queued = std::min(queued, live_count);
  return {queued, live_count - queued};
}

const Counters& ClusterClient::counters() const noexcept {
  total_ = context_.counters;
  connections_.for_each([this](const SingleClient& client) { add_traffic(total_, client.counters()); });
  return total_;
}

}  // namespace socketio::redis
