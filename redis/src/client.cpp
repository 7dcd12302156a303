#include <socketio/redis/client.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

#include <socketio/common/error.hpp>

#include "cluster_client.hpp"
#include "single_client.hpp"

namespace socketio::redis {

PublishListener::~PublishListener() = default;
MessageListener::~MessageListener() = default;
void MessageListener::on_subscription_lost(std::string_view) {}

ClientCore::~ClientCore() = default;

// ---- the handle ------------------------------------------------------------------------------------------------------------

Client::Client(Loop& loop, Options options, Random* random)
    : core_(options.topology == Topology::cluster
                ? std::shared_ptr<ClientCore>(std::make_shared<ClusterClient>(loop, std::move(options), random))
                : std::make_shared<SingleClient>(loop, std::move(options), random)) {}

Client::~Client() {
  const std::shared_ptr<ClientCore> alive = core_;
  alive->destroy();
}

void Client::connect() { core_->connect(); }
void Client::on_state(StateChanged changed) { core_->on_state(std::move(changed)); }
State Client::state() const noexcept { return core_->state(); }
const std::string& Client::last_error() const noexcept { return core_->last_error(); }
bool Client::last_error_is_refusal() const noexcept { return core_->last_error_is_refusal(); }

void Client::publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  core_->publish(channel, payload, listener, tag);
}
void Client::publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  core_->publish_sharded(channel, payload, listener, tag);
}
void Client::command(std::span<const std::string_view> words, CommandDone done) { core_->command(words, std::move(done)); }

void Client::subscribe(SubscriptionKind kind, std::string_view channel_or_pattern, MessageListener& listener) {
  core_->subscribe(kind, channel_or_pattern, listener);
}
void Client::unsubscribe(SubscriptionKind kind, std::string_view channel_or_pattern) {
  core_->unsubscribe(kind, channel_or_pattern);
}
std::size_t Client::unconfirmed_count() const noexcept { return core_->unconfirmed_count(); }
void Client::on_subscriptions(std::function<void()> settled) { core_->on_subscriptions(std::move(settled)); }

void Client::flush() { core_->flush(); }
void Client::abandon(std::string_view why) { core_->abandon(why); }

std::size_t Client::queued_bytes() const noexcept { return core_->queued_bytes(); }
std::size_t Client::queued_count() const noexcept { return core_->queued_count(); }
std::size_t Client::in_flight_count() const noexcept { return core_->in_flight_count(); }
const Counters& Client::counters() const noexcept { return core_->counters(); }

void Client::close(std::uint64_t deadline_ms, std::function<void()> done) { core_->close(deadline_ms, std::move(done)); }

// ---- lifetime, and callbacks -----------------------------------------------------------------------------------------------

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

SingleClient::SingleClient(Loop& its_loop, Options its_options, Random* its_random, Peer peer)
    : loop(its_loop),
      options(usable(std::move(its_options))),
      url_kind(options.topology == Topology::sentinel ? "+sentinel" : std::move(peer.url_kind)),
      is_cluster_node(peer.is_cluster_node),
      tls(peer.tls != nullptr ? std::move(peer.tls) : make_tls_context(options)),
      random(its_random != nullptr ? *its_random : system_random),
      where(describe(options)),
      who(peer.who.empty() ? "Redis at " + where : std::move(peer.who)),
      turn_end(loop, [this] { on_turn_end(); }),
      connect_timer(loop, [this] { on_connect_timeout(); }),
      retry_timer(loop,
                  [this] {
                    const auto alive = shared_from_this();
                    set_state(State::connecting, {});
                    begin_attempt();
                    deliver();
                  }),
      answer_timer(loop, [this] { check_answers(); }),
      refused_timer(loop, [this] { request_refused(); }),
      resume_timer(loop, [this] { turn_end.request(); }),
      alive_timer(loop, [this] { check_alive(); }),
      silent_timer(loop,
                   [this] {
                     silent->take_back();
                     forget_silent();
                   }),
      close_timer(loop, [this] {
        close_now = true;
        turn_end.request();
      }) {
  if (options.topology == Topology::sentinel) {
    sentinels =
        std::make_unique<Sentinels>(loop, options, tls, random, [this](const Endpoint& named) { on_master_named(named); });
  }
}

SingleClient::~SingleClient() = default;

void SingleClient::connect() {
  assert(loop.on_loop_thread());
  if (state_ == State::idle && !closing) {
    attempt_wanted = true;
    set_state(State::connecting, {});
  }
}

void SingleClient::on_turn_end() {
  const auto alive = shared_from_this();
  if (std::exchange(attempt_wanted, false) && !close_now) {
    begin_attempt();
  }
  deliver();
  if (destroyed) {
    return;
  }
  request_subscriptions();
  write_out();
  const bool can_wait = state_ != State::idle && state_ != State::closed && !queue.empty();
  if (closing && (close_now || !can_wait) && (state_ != State::closed || !close_dones.empty())) {
    finish_close();
  }
}

/// Calls the callbacks for everything that has happened. Events that these callbacks cause are delivered in the next turn, so
/// that callbacks cannot block the loop.
void SingleClient::deliver() {
  for (std::size_t count = state_news.size(); count != 0 && !state_news.empty(); --count) {
    const StateNews news = std::move(state_news.front());
    state_news.pop_front();
    if (const auto call = changed_) {  // stays alive if the callback replaces itself
      guarded([&] { (*call)(news.state, news.why); });
    }
  }
  deliver_subscription_news();
  const bool is_open = unconfirmed_count() != 0;
  if (const auto call = settled_; std::exchange(was_open, is_open) && !is_open && call && !destroyed) {
    guarded(*call);
  }
  deliver_ended();
  if (!state_news.empty() || !ended.empty() || !unasked_subscriptions.empty()) {
    turn_end.request();
  }
}

void SingleClient::set_state(State next, std::string_view why) {
  state_ = next;
  state_news.push_back({next, std::string(why)});
  turn_end.request();
}

void SingleClient::close(std::uint64_t deadline_ms, std::function<void()> done) {
  assert(loop.on_loop_thread());
  if (done) {
    close_dones.push_back(std::move(done));
  }
  closing = true;
  if (deadline_ms == 0) {
    close_now = true;
  } else if (!close_now) {
    close_timer.start(deadline_ms);
  }
  turn_end.request();
}

void SingleClient::finish_close() {
  constexpr std::string_view why = "The client was closed.";
  close_timer.stop();
  connect_timer.stop();
  retry_timer.stop();
  answer_timer.stop();
  alive_timer.stop();
  refused_timer.stop();
  resume_timer.stop();
  forget_silent();
  if (sentinels) {
    sentinels->close();
  }
  stream.reset();
  reader.reset();
  end_in_flight(why);
  queue.rewind();
  end_waiting(why, counters_.not_sent_closed);
  if (state_ != State::closed) {
    set_state(State::closed, why);
  }
  deliver();
  for (std::vector<std::function<void()>> dones = std::exchange(close_dones, {}); const auto& done : dones) {
    guarded(done);
  }
}

void SingleClient::destroy() {
  destroyed = true;
  closing = true;
  changed_ = nullptr;
  settled_ = nullptr;
  finish_close();
  while (!ended.empty()) {
    deliver_ended();
  }
}

void SingleClient::log(LogLevel level, std::string_view message, std::string_view detail) const noexcept {
  if (options.log) {
    try {
      options.log({level, "redis", message, detail});
    } catch (...) {  // an exception of the log function cannot be reported
    }
  }
}

}  // namespace socketio::redis
