#include <socketio/redis/client.hpp>

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

}  // namespace socketio::redis
