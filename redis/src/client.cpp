#include <socketio/redis/client.hpp>

#include <cassert>
#include <utility>

#include "cluster_client.hpp"
#include "single_client.hpp"

namespace socketio::redis {

PublishListener::~PublishListener() = default;
MessageListener::~MessageListener() = default;
void MessageListener::on_subscription_lost(std::string_view) {}

Client::Client(Loop& loop, Options options, Random* random)
    : core_(options.topology == Topology::cluster
                ? std::shared_ptr<ClientCore>(std::make_shared<ClusterClient>(loop, std::move(options), random))
                : std::make_shared<SingleClient>(loop, std::move(options), random)) {}

Client::~Client() {
  const std::shared_ptr<ClientCore> alive = core_;
  alive->destroy();
}

void Client::connect() { core_->connect(); }
void Client::on_state(StateChanged changed) { core_->reports().on_state(std::move(changed)); }
State Client::state() const noexcept { return core_->reports().state(); }
const std::string& Client::last_error() const noexcept { return core_->reports().last_error(); }
bool Client::last_error_is_refusal() const noexcept { return core_->reports().last_error_is_refusal(); }

void Client::publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  core_->publish(false, channel, payload, listener, tag);
}
void Client::publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) {
  core_->publish(true, channel, payload, listener, tag);
}
void Client::command(std::span<const std::string_view> words, CommandDone done) { core_->command(words, std::move(done)); }

void Client::subscribe(SubscriptionKind kind, std::string_view channel_or_pattern, MessageListener& listener) {
  core_->subscribe(kind, channel_or_pattern, listener);
}
void Client::unsubscribe(SubscriptionKind kind, std::string_view channel_or_pattern) {
  core_->unsubscribe(kind, channel_or_pattern);
}
std::size_t Client::unconfirmed_count() const noexcept { return core_->subscriptions().unconfirmed_count(); }
void Client::on_subscriptions(std::function<void()> settled) { core_->reports().on_subscriptions(std::move(settled)); }

void Client::flush() { core_->flush(); }
void Client::abandon(std::string_view why) { core_->abandon(why); }

std::size_t Client::queued_bytes() const noexcept { return core_->queued_bytes(); }
std::size_t Client::queued_count() const noexcept { return core_->load().queued_count; }
std::size_t Client::in_flight_count() const noexcept { return core_->load().in_flight_count; }
const Counters& Client::counters() const noexcept { return core_->counters(); }

void Client::close(std::chrono::milliseconds deadline, std::function<void()> done) { core_->close(deadline, std::move(done)); }

ClientCore::ClientCore(Loop& loop, Options options, Random* random)
    : loop_(loop),
      random_(random != nullptr ? *random : loop.random()),
      context_(std::move(options)),
      turn_end_(loop, [this] { finish_turn(); }),
      close_timer_(loop, [this] {
        context_.closing.is_due = true;
        turn_end_.request();
      }) {}

void ClientCore::connect() {
  assert(loop_.on_loop_thread());
  if (context_.reports.state() == State::idle && !context_.closing.has_begun) {
    connect_wanted_ = true;
    set_state(State::connecting, {});
  }
}

void ClientCore::finish_turn() {
  const auto alive = shared_from_this();
  on_turn_end();
  if (context_.closing.is_destroyed || !context_.closing.has_begun) {
    return;
  }
  const State state = context_.reports.state();
  const Load now = load();
  const bool can_wait = state != State::idle && state != State::closed && now.queued_count + now.in_flight_count != 0;
  if ((context_.closing.is_due || !can_wait) && (state != State::closed || !close_dones_.empty())) {
    finish_close();
  }
}

bool ClientCore::deliver_all() {
  context_.reports.deliver_states();
  deliver_subscriptions();
  context_.reports.deliver_subscriptions(subscriptions().unconfirmed_count() != 0);
  context_.completions.deliver(context_.reports);
  return context_.reports.has_more() || context_.completions.size() != 0;
}

void ClientCore::deliver() {
  if (deliver_all()) {
    turn_end_.request();
  }
}

void ClientCore::set_state(State next, std::string_view why) {
  context_.reports.set_state(next, why);
  turn_end_.request();
}

/// One of the refused subscriptions is reported, and another one only when that is not refused any more: there may be many.
void ClientCore::show_connected(bool counts_refused) {
  Reports& reports = context_.reports;
  const SubscriptionSet& all = subscriptions();
  if (!reports.is_up()) {
    ++context_.counters.connects;
    reports.log(LogLevel::info, "Connected.", context_.name.where);
  }
  if (counts_refused && all.refused_count() != 0) {
    if (reports.state() != State::refused || !all.is_refused(reported_refusal_.kind, reported_refusal_.name)) {
      reported_refusal_ = all.first_refused();
      reports.set_error(describe(reported_refusal_, context_.name.who, context_.options.username), true, context_.name.where);
      set_state(State::refused, reports.last_error());
    }
  } else if (reports.state() != State::ready && all.unconfirmed_count() == 0) {
    set_state(State::ready, {});
  }
}

void ClientCore::subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  assert(loop_.on_loop_thread());
  turn_end_.request();
  if (context_.closing.has_begun) {
    context_.reports.refuse(kind, name, listener, "The client was closed.");
  } else if (subscriptions().is_full()) {
    const char* const why = "There are too many subscriptions on one connection.";
    context_.reports.refuse(kind, name, listener, why);
    ++context_.counters.subscriptions_refused;
    context_.reports.log(LogLevel::error, why, context_.name.where);
  } else {
    subscriptions().add(kind, name, listener);
  }
}

void ClientCore::unsubscribe(SubscriptionKind kind, std::string_view name) {
  assert(loop_.on_loop_thread());
  turn_end_.request();
  context_.reports.forget(kind, name);
  subscriptions().remove(kind, name);
}

void ClientCore::close(std::chrono::milliseconds deadline, std::function<void()> done) {
  assert(loop_.on_loop_thread());
  if (done) {
    close_dones_.push_back(std::move(done));
  }
  context_.closing.has_begun = true;
  if (deadline.count() <= 0) {
    context_.closing.is_due = true;
  } else if (!context_.closing.is_due) {
    close_timer_.start(static_cast<std::uint64_t>(deadline.count()));
  }
  turn_end_.request();
}

void ClientCore::finish_close() {
  constexpr std::string_view why = "The client was closed.";
  context_.closing.is_final = true;
  close_timer_.stop();
  end_all(why);
  if (context_.reports.state() != State::closed) {
    set_state(State::closed, why);
  }
  deliver();
  for (std::vector<std::function<void()>> dones = std::exchange(close_dones_, {}); const auto& done : dones) {
    context_.reports.guarded(done);
  }
}

void ClientCore::destroy() {
  context_.closing.is_destroyed = true;
  context_.closing.has_begun = true;
  context_.reports.silence();
  finish_close();
  while (deliver_all()) {
  }
}

}  // namespace socketio::redis
