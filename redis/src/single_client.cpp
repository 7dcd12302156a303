// Attempts to connect, and the state of a client of one Redis.

#include "single_client.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>
#include <socketio/common/milliseconds.hpp>

namespace socketio::redis {
namespace {

/// Checks the options. Throws Error(bad_option).
Options usable(Options options) {
  if (options.topology == Topology::sentinel && (options.endpoints.empty() || options.master_name.empty())) {
    throw Error(ErrorCode::bad_option,
                "With Sentinel, give the sentinels (endpoints) and the name of the master (master_name).");
  }
  options.in_flight_max = std::max<std::size_t>(options.in_flight_max, 1);  // with 0, nothing would ever be written
  return options;
}

ServerName name_of(const Options& options, Peer& peer) {
  ServerName name{describe(options), std::move(peer.who),
                  options.topology == Topology::sentinel ? "+sentinel" : std::move(peer.url_kind)};
  if (name.who.empty()) {
    name.who = "Redis at " + name.where;
  }
  return name;
}

}  // namespace

std::shared_ptr<net::TlsContext> make_tls_context(const Options& options) {
  if (!options.tls || (options.topology == Topology::standalone && !options.unix_path.empty())) {
    return nullptr;
  }
  std::string error;
  auto context =
      net::TlsContext::for_client({options.tls_ca, options.tls_certificate, options.tls_key, options.tls_insecure}, error);
  if (context == nullptr) {
    throw Error(ErrorCode::bad_option, "No TLS to Redis: " + error + ".");
  }
  return context;
}

SingleClient::SingleClient(Loop& loop, Options options, Random* random, Peer peer)
    : ClientCore(loop, usable(std::move(options)), random),
      is_cluster_node_(peer.is_cluster_node),
      tls_(peer.tls != nullptr ? std::move(peer.tls) : make_tls_context(options_)),
      name_(name_of(options_, peer)),
      retry_(options_),
      connection_({loop_, options_, name_, reports_, counters_, turn_end_, *this}, tls_, !is_cluster_node_),
      connect_timer_(loop, [this] { on_connect_timeout(); }),
      retry_timer_(loop,
                   [this] {
                     const auto alive = shared_from_this();
                     set_state(State::connecting, {});
                     begin_attempt();
                     deliver();
                   }),
      resume_timer_(loop, [this] { turn_end_.request(); }) {
  if (options_.topology == Topology::sentinel) {
    sentinels_ =
        std::make_unique<Sentinels>(loop_, options_, tls_, random_, [this](const Endpoint& named) { on_master_named(named); });
  }
}

SingleClient::~SingleClient() = default;

void SingleClient::on_turn_end() {
  if (std::exchange(attempt_wanted_, false) && !close_now_) {
    begin_attempt();
  }
  deliver();
  if (!is_destroyed_) {
    connection_.request_subscriptions();
    connection_.write_out();
  }
}

bool SingleClient::deliver_all() {
  reports_.deliver_states();
  connection_.deliver_subscriptions();
  reports_.deliver_subscriptions(unconfirmed_count() != 0);
  deliver_ended();
  return reports_.has_more() || completions_.size() != 0;
}

void SingleClient::end_all(std::string_view why) {
  connect_timer_.stop();
  retry_timer_.stop();
  resume_timer_.stop();
  if (sentinels_) {
    sentinels_->close();
  }
  connection_.end();
  end_in_flight(why);
  end_waiting(why, counters_.not_sent_closed);
}

// ---- attempts --------------------------------------------------------------------------------------------------------------

void SingleClient::connect() {
  assert(loop_.on_loop_thread());
  if (state() == State::idle && !is_closing_) {
    attempt_wanted_ = true;
    set_state(State::connecting, {});
  }
}

/// Starts an attempt. The timeout covers all of it: asking the sentinels, the look-up of the address, connecting, the log-in.
void SingleClient::begin_attempt() {
  connect_timer_.start(in_ms(options_.connect_timeout));
  if (!sentinels_) {
    connection_.open({options_.host, options_.port}, retry_.is_away());
    return;
  }
  sentinels_->find(in_ms(options_.connect_timeout), [this](const Sentinels::Found& found) {
    const auto alive = shared_from_this();
    if (found.master) {
      master_ = *found.master;
      name_.where = std::string(tls_ ? "rediss://" : "redis://") + describe(master_);
      name_.who = "Redis at " + name_.where + ", the master " + options_.master_name + ",";
      connection_.open(master_, retry_.is_away());
    } else {
      lose(found.why, found.is_refusal);
    }
    deliver();
  });
}

/// Handles the master named by the sentinels: they publish a failover, or answer when they are asked again. A replaced master
/// may not notice: one that is cut off keeps running, and messages published there reach no subscriber.
void SingleClient::on_master_named(const Endpoint& named) {
  if (named == master_ || state() == State::closed) {
    return;
  }
  const auto alive = shared_from_this();
  retry_.start_again();
  if (state() == State::disconnected) {
    retry_timer_.start(retry_.next_delay_ms(random_));
  } else {
    lose(name_.who + " is not the master any more: the sentinels name " + describe(named) + ".", false);
  }
  deliver();
}

void SingleClient::on_connect_timeout() {
  const auto alive = shared_from_this();
  lose(connection_.is_open() ? connection_.why_timed_out()
                             : "The sentinels did not say which server is the master within " +
                                   std::to_string(in_ms(options_.connect_timeout)) + " ms.",
       false);
  deliver();
}

void SingleClient::on_logged_in() {
  connect_timer_.stop();
  if (const std::uint64_t wait_ms = retry_.on_logged_in(loop_.now_ms()); wait_ms != 0) {
    resume_timer_.start(wait_ms);
  }
  turn_end_.request();
}

void SingleClient::on_failure(const Login::Failure& failure) {
  if (failure.is_no_master) {
    sentinels_->distrust_last();
  }
  lose(failure.why, failure.is_refusal);
}

void SingleClient::on_events_end() {
  deliver();
  turn_end_.request();  // commands may be written now, or closing may be complete
}

/// Ends an attempt or a connection. Commands that the system had not taken completely wait for the next one, or fail, as
/// OfflinePolicy says.
void SingleClient::lose(const std::string& why, bool is_refusal) {
  const bool was_up = reports_.is_up();
  if (state() != State::connecting && !was_up) {
    return;
  }
  if (sentinels_) {
    sentinels_->stop_finding();
  }
  connect_timer_.stop();
  resume_timer_.stop();
  connection_.close();
  ++(was_up ? counters_.disconnects : counters_.failed_attempts);
  retry_.on_lost(loop_.now_ms(), was_up);
  reports_.set_error(why, is_refusal, name_.where);
  set_state(State::disconnected, why);
  end_in_flight(why);
  if (options_.offline == OfflinePolicy::fail) {
    end_waiting(why, counters_.not_sent_offline);
  }
  retry_timer_.start(retry_.next_delay_ms(random_));
}

void SingleClient::update_state() {
  const Subscriptions& subscriptions = connection_.subscriptions();
  const bool was_up = reports_.is_up();
  if (!was_up) {
    if (state() != State::connecting || !connection_.is_logged_in() || subscriptions.open_count() != 0) {
      return;
    }
    ++counters_.connects;
    retry_.on_ready(loop_.now_ms());
    reports_.log(LogLevel::info, "Connected.", name_.where);
  }
  if (subscriptions.refused_count() != 0 && !is_cluster_node_) {
    if (state() != State::refused || !subscriptions.is_refused(reported_refusal_)) {
      report_refused(subscriptions.first_refused(), name_.who, name_.where);
    }
  } else if (state() != State::ready && subscriptions.open_count() == 0) {
    set_state(State::ready, {});
  }
  if (!was_up && sentinels_) {
    sentinels_->watch();
  }
}

// ---- subscriptions ---------------------------------------------------------------------------------------------------------

void SingleClient::subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  assert(loop_.on_loop_thread());
  turn_end_.request();
  if (is_closing_) {
    reports_.refuse(kind, name, listener, "The client was closed.");
  } else if (connection_.subscriptions().size() >= limits::subscriptions_max) {
    const char* const why = "There are too many subscriptions on one connection.";
    reports_.refuse(kind, name, listener, why);
    ++counters_.subscriptions_refused;
    reports_.log(LogLevel::error, why, name_.where);
  } else {
    connection_.subscriptions().add(kind, name, listener);
  }
}

void SingleClient::unsubscribe(SubscriptionKind kind, std::string_view name) {
  assert(loop_.on_loop_thread());
  reports_.forget(kind, name);
  connection_.subscriptions().remove(kind, name);
  turn_end_.request();
}

void SingleClient::forget(SubscriptionKind kind, std::string_view name) {
  assert(loop_.on_loop_thread());
  connection_.subscriptions().forget(kind, name);
  turn_end_.request();
}

}  // namespace socketio::redis
