// Lifetime of a cluster's client, and its callbacks.

#include "cluster_client.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include <socketio/common/error.hpp>

#include "counters.hpp"

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
      where_(describe(options_)),
      tls_(make_tls_context(options_)),
      nodes_(options_),
      refresh_(options_),
      lanes_(options_, nodes_, reports_, counters_, *this),
      questions_(options_, nodes_, reports_, counters_, *this),
      subscriptions_(options_, nodes_, reports_, counters_, *this),
      refresh_timer_(loop,
                     [this] {
                       refresh_.want();
                       turn_end_.request();
                     }),
      wake_timer_(loop, [this] { turn_end_.request(); }) {}

ClusterClient::~ClusterClient() = default;

void ClusterClient::connect() {
  assert(loop_.on_loop_thread());
  if (state() == State::idle && !is_closing_) {
    refresh_.want();
    set_state(State::connecting, {});
  }
}

/// Does everything that is more than a reaction to one reply: at this point no connection is inside a callback.
void ClusterClient::on_turn_end() {
  subscriptions_.begin_turn();
  if (state() != State::idle && state() != State::closed && !close_now_) {
    take_query();
    if (refresh_.begin(loop_.now_ms())) {
      begin_refresh();
    }
    if (nodes_.choose_home(subscriptions_.in_use(), loop_.now_ms(), random_)) {
      move_subscriptions();
    }
    if (live_count() == 0) {  // commands that were issued before the first subscription complete before it
      if (const auto wait_ms = subscriptions_.place_all(loop_.now_ms())) {
        wake_after(*wait_ms);
      }
    }
    pump();
    sweep_nodes();
    update_state();
  }
  deliver();
  if (!is_destroyed_) {
    flush();
  }
}

bool ClusterClient::deliver_all() {
  reports_.deliver_states();
  subscriptions_.deliver_losses();
  reports_.deliver_subscriptions(subscriptions_.unconfirmed_count() != 0);
  for (std::size_t count = ended_.size(); count != 0 && !ended_.empty(); --count) {
    Ended one = std::move(ended_.front());
    ended_.pop_front();
    if (one.listener != nullptr) {
      reports_.guarded([&] { one.listener->on_published(one.tag, one.result.outcome, 0, one.result.message); });
    } else if (one.done) {
      reports_.guarded([&] { one.done(std::move(one.result)); });
    }
  }
  return reports_.has_more() || !ended_.empty();
}

void ClusterClient::end_all(std::string_view why) {
  is_finishing_ = true;
  lanes_.finish();
  refresh_timer_.stop();
  wake_timer_.stop();
  query_.reset();
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    if (node) {
      drop_client(node->commands);
      drop_client(node->subscriber);
    }
  }
  end_queued(why, counters_.not_sent_closed);
}

// ---- the state -------------------------------------------------------------------------------------------------------------

/// Changes the state to `disconnected`: something that is needed was lost, or is not available.
void ClusterClient::fall(std::string_view why, bool refusal) {
  reports_.set_error(why, refusal, where_);
  if (reports_.is_up() || state() == State::connecting) {
    counters_.disconnects += reports_.is_up() ? 1U : 0U;
    set_state(State::disconnected, why);
  }
}

bool ClusterClient::is_well() const noexcept {
  if (!nodes_.has_map() || subscriptions_.unconfirmed_count() != 0 || nodes_.is_any_away()) {
    return false;
  }
  const ClusterNode* const home = nodes_.home() == no_node ? nullptr : nodes_[nodes_.home()].get();
  return subscriptions_.in_use() || (home != nullptr && home->commands && home->commands->state() == State::ready);
}

void ClusterClient::update_state() {
  if (state() == State::connecting || state() == State::disconnected) {
    if (!is_well()) {
      return;
    }
    ++counters_.connects;
    reports_.log(LogLevel::info, "Connected.", where_);
  } else if (!reports_.is_up()) {
    return;
  }
  if (subscriptions_.refused_count() != 0) {
    if (state() != State::refused || !subscriptions_.is_refused(reported_refusal_)) {
      report_refused(subscriptions_.first_refused(), "Redis at " + where_, where_);
    }
  } else if (state() != State::ready && subscriptions_.unconfirmed_count() == 0) {
    set_state(State::ready, {});
  }
}

void ClusterClient::wake_after(std::uint64_t delay_ms) {
  const std::uint64_t due_ms = loop_.now_ms() + delay_ms;
  if (!wake_timer_.active() || due_ms < wake_ms_) {
    wake_ms_ = due_ms;
    wake_timer_.start(delay_ms);
  }
}

// ---- subscriptions ---------------------------------------------------------------------------------------------------------

void ClusterClient::subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  assert(loop_.on_loop_thread());
  turn_end_.request();
  if (is_closing_) {
    reports_.refuse(kind, name, listener, "The client was closed.");
  } else {
    subscriptions_.add(kind, name, listener);
  }
}

void ClusterClient::unsubscribe(SubscriptionKind kind, std::string_view name) {
  assert(loop_.on_loop_thread());
  turn_end_.request();
  reports_.forget(kind, name);
  subscriptions_.remove(kind, name);
}

void ClusterClient::subscribe_at(NodeId id, SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  subscriber_of(id)->subscribe(kind, name, listener);
}

void ClusterClient::unsubscribe_at(NodeId id, SubscriptionKind kind, std::string_view name, bool at_redis) {
  if (SingleClient* const subscriber = nodes_[id]->subscriber.get(); subscriber != nullptr && at_redis) {
    subscriber->unsubscribe(kind, name);
  } else if (subscriber != nullptr) {
    subscriber->forget(kind, name);
  }
}

void ClusterClient::on_slot_moved() { fall("A channel's slot has moved to another node of " + where_ + ".", false); }

void ClusterClient::move_subscriptions() {
  if (subscriptions_.move() && reports_.is_up()) {
    fall("Subscriptions move to another node of " + where_ + ".", false);
  }
  turn_end_.request();
}

// ---- counters --------------------------------------------------------------------------------------------------------------

std::size_t ClusterClient::queued_count() const noexcept {
  std::size_t count = lanes_.queued_count();
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    count += node && node->commands ? node->commands->queued_count() : 0;
  }
  return std::min(count, live_count());
}

std::size_t ClusterClient::in_flight_count() const noexcept { return live_count() - queued_count(); }

const Counters& ClusterClient::counters() const noexcept {
  total_ = counters_;
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    for (const SingleClient* const client : {node ? node->commands.get() : nullptr, node ? node->subscriber.get() : nullptr}) {
      if (client != nullptr) {
        add_traffic(total_, client->counters());
      }
    }
  }
  return total_;
}

}  // namespace socketio::redis
