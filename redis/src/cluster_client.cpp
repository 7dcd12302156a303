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
  retired_subscriptions_.clear();
  if (state() != State::idle && state() != State::closed && !close_now_) {
    take_query();
    if (refresh_.begin(loop_.now_ms())) {
      begin_refresh();
    }
    if (nodes_.choose_home(subscriptions_in_use_, loop_.now_ms(), random_)) {
      move_subscriptions();
    }
    place_all();
    pump();
    pump_questions();
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
  deliver_losses();
  reports_.deliver_subscriptions(unconfirmed_count_ != 0);
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
  end_questions(why, counters_.not_sent_closed);
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
  if (!nodes_.has_map() || unconfirmed_count_ != 0 || nodes_.is_any_away()) {
    return false;
  }
  const ClusterNode* const home = nodes_.home() == no_node ? nullptr : nodes_[nodes_.home()].get();
  return subscriptions_in_use_ || (home != nullptr && home->commands && home->commands->state() == State::ready);
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
  if (refused_count_ != 0) {
    if (state() != State::refused || !is_refused(reported_refusal_)) {
      report_refused(first_refused(), "Redis at " + where_, where_);
    }
  } else if (state() != State::ready && unconfirmed_count_ == 0) {
    set_state(State::ready, {});
  }
}

// ---- counters --------------------------------------------------------------------------------------------------------------

std::size_t ClusterClient::queued_count() const noexcept {
  std::size_t count = lane_count_;
  for (const std::unique_ptr<ClusterNode>& node : nodes_) {
    count += node && node->commands ? node->commands->queued_count() : 0;
  }
  return std::min(count, live_count_);
}

std::size_t ClusterClient::in_flight_count() const noexcept { return live_count_ - queued_count(); }

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
