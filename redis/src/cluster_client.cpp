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
    : loop_(loop),
      options_(usable_in_cluster(std::move(options))),
      where_(describe(options_)),
      tls_(make_tls_context(options_)),
      random_(random != nullptr ? *random : system_random_),
      turn_end_(loop, [this] { on_turn_end(); }),
      refresh_timer_(loop,
                     [this] {
                       refresh_wanted_ = true;
                       turn_end_.request();
                     }),
      wake_timer_(loop, [this] { turn_end_.request(); }),
      close_timer_(loop, [this] {
        close_now_ = true;
        turn_end_.request();
      }) {}

ClusterClient::~ClusterClient() = default;

void ClusterClient::connect() {
  assert(loop_.on_loop_thread());
  if (state_ == State::idle && !is_closing_) {
    refresh_wanted_ = true;
    set_state(State::connecting, {});
  }
}

/// Does everything that is more than a reaction to one reply: at this point no connection is inside a callback.
void ClusterClient::on_turn_end() {
  const auto alive = shared_from_this();
  retired_subscriptions_.clear();
  if (state_ != State::idle && state_ != State::closed && !close_now_) {
    take_query();
    if (std::exchange(refresh_wanted_, false)) {
      begin_refresh();
    }
    choose_home();
    place_all();
    pump();
    pump_questions();
    sweep_nodes();
    update_state();
  }
  deliver();
  if (is_destroyed_) {
    return;
  }
  flush();
  const bool can_wait = state_ != State::idle && state_ != State::closed && live_count_ != 0;
  if (is_closing_ && (close_now_ || !can_wait) && (state_ != State::closed || !close_dones_.empty())) {
    finish_close();
  }
}

/// Calls the callbacks for everything that has happened. Events that these callbacks cause are delivered in the next turn.
void ClusterClient::deliver() {
  for (std::size_t count = state_news_.size(); count != 0 && !state_news_.empty(); --count) {
    const StateNews news = std::move(state_news_.front());
    state_news_.pop_front();
    if (const auto call = changed_) {  // stays alive if the callback replaces itself
      guarded([&] { (*call)(news.state, news.why); });
    }
  }
  deliver_losses();
  const bool is_unconfirmed = unconfirmed_count_ != 0;
  if (const auto call = settled_; std::exchange(was_unconfirmed_, is_unconfirmed) && !is_unconfirmed && call) {
    guarded(*call);
  }
  for (std::size_t count = unasked_subscriptions_.size(); count != 0 && !unasked_subscriptions_.empty() && !is_destroyed_;
       --count) {
    const UnaskedSubscription unasked = std::move(unasked_subscriptions_.front());
    unasked_subscriptions_.pop_front();
    guarded([&] { unasked.listener->on_subscribed(unasked.name, unasked.why); });
  }
  for (std::size_t count = ended_.size(); count != 0 && !ended_.empty(); --count) {
    Ended one = std::move(ended_.front());
    ended_.pop_front();
    if (one.listener != nullptr) {
      guarded([&] { one.listener->on_published(one.tag, one.result.outcome, 0, one.result.message); });
    } else if (one.done) {
      guarded([&] { one.done(std::move(one.result)); });
    }
  }
  if (!state_news_.empty() || !ended_.empty() || !unasked_subscriptions_.empty()) {
    turn_end_.request();
  }
}

// ---- the state -------------------------------------------------------------------------------------------------------------

void ClusterClient::set_state(State next, std::string_view why) {
  state_ = next;
  state_news_.push_back({next, std::string(why)});
  turn_end_.request();
}

/// Changes the state to `disconnected`: something that is needed was lost, or is not available.
void ClusterClient::fall(std::string_view why, bool refusal) {
  last_error_ = why;
  last_error_is_refusal_ = refusal;
  log(LogLevel::warning, why, where_);
  if (is_up() || state_ == State::connecting) {
    counters_.disconnects += is_up() ? 1U : 0U;
    set_state(State::disconnected, why);
  }
}

bool ClusterClient::is_well() const noexcept {
  if (owners_.empty() || unconfirmed_count_ != 0 || is_any_away()) {
    return false;
  }
  const Node* const home = home_ == no_node ? nullptr : nodes_[home_].get();
  return subscriptions_in_use_ || (home != nullptr && home->commands && home->commands->state() == State::ready);
}

void ClusterClient::update_state() {
  if (state_ == State::connecting || state_ == State::disconnected) {
    if (!is_well()) {
      return;
    }
    ++counters_.connects;
    log(LogLevel::info, "Connected.", where_);
  } else if (!is_up()) {
    return;
  }
  if (refused_count_ != 0) {
    tell_refused();
  } else if (state_ != State::ready && unconfirmed_count_ == 0) {
    set_state(State::ready, {});
  }
}

// ---- the end ---------------------------------------------------------------------------------------------------------------

void ClusterClient::close(std::uint64_t deadline_ms, std::function<void()> done) {
  assert(loop_.on_loop_thread());
  if (done) {
    close_dones_.push_back(std::move(done));
  }
  is_closing_ = true;
  if (deadline_ms == 0) {
    close_now_ = true;
  } else if (!close_now_) {
    close_timer_.start(deadline_ms);
  }
  turn_end_.request();
}

void ClusterClient::finish_close() {
  constexpr std::string_view why = "The client was closed.";
  is_finishing_ = true;
  close_timer_.stop();
  refresh_timer_.stop();
  wake_timer_.stop();
  query_.reset();
  for (const std::unique_ptr<Node>& node : nodes_) {
    if (node) {
      drop_client(node->commands);
      drop_client(node->subscriber);
    }
  }
  end_queued(why, counters_.not_sent_closed);
  end_questions(why, counters_.not_sent_closed);
  if (state_ != State::closed) {
    set_state(State::closed, why);
  }
  deliver();
  for (std::vector<std::function<void()>> dones = std::exchange(close_dones_, {}); const auto& done : dones) {
    guarded(done);
  }
}

void ClusterClient::destroy() {
  is_destroyed_ = true;
  is_closing_ = true;
  changed_ = nullptr;
  settled_ = nullptr;
  finish_close();
  while (!ended_.empty()) {
    deliver();
  }
}

// ---- counters --------------------------------------------------------------------------------------------------------------

std::size_t ClusterClient::queued_count() const noexcept {
  std::size_t count = lane_count_;
  for (const std::unique_ptr<Node>& node : nodes_) {
    count += node && node->commands ? node->commands->queued_count() : 0;
  }
  return std::min(count, live_count_);
}

std::size_t ClusterClient::in_flight_count() const noexcept { return live_count_ - queued_count(); }

const Counters& ClusterClient::counters() const noexcept {
  total_ = counters_;
  for (const std::unique_ptr<Node>& node : nodes_) {
    for (const SingleClient* const client : {node ? node->commands.get() : nullptr, node ? node->subscriber.get() : nullptr}) {
      if (client != nullptr) {
        add_traffic(total_, client->counters());
      }
    }
  }
  return total_;
}

void ClusterClient::log(LogLevel level, std::string_view message, std::string_view detail) const noexcept {
  if (options_.log) {
    try {
      options_.log({level, "redis", message, detail});
    } catch (...) {  // an exception of the log function cannot be reported
    }
  }
}

}  // namespace socketio::redis
