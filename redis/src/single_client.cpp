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
      tls_(peer.tls != nullptr ? std::move(peer.tls) : make_tls_context(context_.options)),
      retry_(context_.options),
      connection_(loop, turn_end_, context_, retry_, tls_, !is_cluster_node_, *this),
      connect_timer_(loop, [this] { on_connect_timeout(); }),
      retry_timer_(loop,
                   [this] {
                     const auto alive = shared_from_this();
                     set_state(State::connecting, {});
                     begin_attempt();
                     deliver();
                   }),
      resume_timer_(loop, [this] { turn_end_.request(); }) {
  ServerName& name = context_.name;
  name.who = peer.who.empty() ? name.who : std::move(peer.who);
  name.url_kind = peer.url_kind.empty() ? name.url_kind : std::move(peer.url_kind);
  if (context_.options.topology == Topology::sentinel) {
    sentinels_ = std::make_unique<Sentinels>(loop_, context_.options, tls_, random_,
                                             [this](const Endpoint& named) { on_master_named(named); });
  }
}

void SingleClient::on_turn_end() {
  if (std::exchange(connect_wanted_, false) && !context_.closing.is_due) {
    begin_attempt();
  }
  deliver();
  if (!context_.closing.is_destroyed) {
    connection_.on_turn_end();
  }
}

void SingleClient::end_all(std::string_view why) {
  connect_timer_.stop();
  retry_timer_.stop();
  resume_timer_.stop();
  if (sentinels_) {
    sentinels_->close();
  }
  connection_.end();
  connection_.session().commands().end_in_flight(why);
  connection_.session().commands().end_waiting(why, context_.counters.not_sent_closed);
}

// ---- attempts --------------------------------------------------------------------------------------------------------------

/// Starts an attempt. The timeout covers all of it: asking the sentinels, the look-up of the address, connecting, the log-in.
void SingleClient::begin_attempt() {
  const Options& options = context_.options;
  connect_timer_.start(in_ms(options.connect_timeout));
  if (!sentinels_) {
    connection_.open({options.host, options.port}, retry_.is_away());
    return;
  }
  sentinels_->find(options.connect_timeout, [this](const Sentinels::Found& found) {
    const auto alive = shared_from_this();
    if (found.master) {
      master_ = *found.master;
      context_.name.where = std::string(tls_ ? "rediss://" : "redis://") + describe(master_);
      context_.name.who = "Redis at " + context_.name.where + ", the master " + context_.options.master_name + ",";
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
  const State state = context_.reports.state();
  if (named == master_ || state == State::closed) {
    return;
  }
  const auto alive = shared_from_this();
  retry_.start_again();
  if (state == State::disconnected) {
    retry_timer_.start(retry_.next_delay_ms(random_));
  } else {
    lose(context_.name.who + " is not the master any more: the sentinels name " + describe(named) + ".", false);
  }
  deliver();
}

void SingleClient::on_connect_timeout() {
  const auto alive = shared_from_this();
  lose(connection_.is_open() ? connection_.why_timed_out()
                             : "The sentinels did not say which server is the master within " +
                                   std::to_string(in_ms(context_.options.connect_timeout)) + " ms.",
       false);
  deliver();
}

void SingleClient::on_logged_in() {
  connection_.on_logged_in();
  connect_timer_.stop();
  if (const std::uint64_t wait_ms = retry_.on_logged_in(loop_.now_ms()); wait_ms != 0) {
    resume_timer_.start(wait_ms);
  }
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
  const bool was_up = context_.reports.is_up();
  if (context_.reports.state() != State::connecting && !was_up) {
    return;
  }
  if (sentinels_) {
    sentinels_->stop_finding();
  }
  connect_timer_.stop();
  resume_timer_.stop();
  connection_.close();
  ++(was_up ? context_.counters.disconnects : context_.counters.failed_attempts);
  retry_.on_lost(loop_.now_ms(), was_up);
  context_.reports.set_error(why, is_refusal, context_.name.where);
  set_state(State::disconnected, why);
  connection_.session().commands().end_in_flight(why);
  if (context_.options.offline == OfflinePolicy::fail) {
    connection_.session().commands().end_waiting(why, context_.counters.not_sent_offline);
  }
  retry_timer_.start(retry_.next_delay_ms(random_));
}

void SingleClient::on_subscriptions_changed() {
  Session& session = connection_.session();
  const bool was_up = context_.reports.is_up();
  if (!was_up) {
    if (context_.reports.state() != State::connecting || !session.is_logged_in() ||
        session.subscriptions().unconfirmed_count() != 0) {
      return;
    }
    retry_.on_ready(loop_.now_ms());
  }
  show_connected(!is_cluster_node_);
  if (!was_up && sentinels_) {
    sentinels_->watch();
  }
}

// ---- commands --------------------------------------------------------------------------------------------------------------

void SingleClient::issued(bool is_urgent) {
  assert(loop_.on_loop_thread());
  if (is_urgent) {
    connection_.write_out();
  }
  turn_end_.request();
}

void SingleClient::publish(bool is_sharded, std::string_view channel, Bytes payload, PublishListener& listener,
                           std::uint64_t tag) {
  issued(connection_.session().commands().publish(is_sharded, channel, payload, listener, tag));
}

void SingleClient::command(std::span<const std::string_view> words, CommandDone done) {
  issued(connection_.session().commands().command(words, std::move(done)));
}

void SingleClient::send(Bytes encoded, PublishListener* listener, std::uint64_t tag, CommandDone done) {
  issued(connection_.session().commands().encoded(encoded, listener, tag, std::move(done)));
}

void SingleClient::flush() {
  assert(loop_.on_loop_thread());
  connection_.write_out();
}

void SingleClient::abandon(std::string_view why) {
  assert(loop_.on_loop_thread());
  const std::string reason(why);
  Commands& commands = connection_.session().commands();
  const bool is_under_way = commands.writer().queue().in_flight_count() != 0 || commands.writer().queue().started();
  if (is_under_way) {
    connection_.settle_writes();
  }
  commands.end_in_flight(reason);
  commands.end_waiting(reason, context_.counters.not_sent_abandoned);
  if (is_under_way) {
    lose(reason, false);
  }
  turn_end_.request();
}

ClientCore::Load SingleClient::load() const noexcept {
  const OutputQueue& queue = connection_.session().commands().writer().queue();
  return {queue.waiting_count(), queue.in_flight_count()};
}

std::size_t SingleClient::queued_bytes() const noexcept {
  return connection_.session().commands().writer().queue().waiting_bytes();
}

void SingleClient::forget(SubscriptionKind kind, std::string_view name) {
  connection_.session().subscriptions().forget(kind, name);
  turn_end_.request();
}

}  // namespace socketio::redis
