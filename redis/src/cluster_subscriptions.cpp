// Subscriptions in a cluster: channels and patterns are subscribed to at one node, no matter which; a sharded channel at the
// owner of its slot.

#include <algorithm>
#include <cassert>
#include <utility>

#include "cluster_client.hpp"

namespace socketio::redis {
namespace {

/// Pause after a temporary error, and after more than `placing_redirects_at_once` redirections.
constexpr std::uint64_t placing_pause_ms = 100;
constexpr std::uint32_t placing_redirects_at_once = 3;

}  // namespace

void ClusterClient::subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  assert(loop_.on_loop_thread());
  turn_end_.request();
  if (is_closing_) {
    reports_.refuse(kind, name, listener, "The client was closed.");
    return;
  }
  subscriptions_in_use_ = true;
  std::unique_ptr<Subscription>& subscription = subscriptions_[static_cast<std::size_t>(kind)][std::string(name)];
  if (!subscription) {
    subscription = std::make_unique<Subscription>(*this, kind, std::string(name));
    ++unconfirmed_count_;
    to_place_.emplace_back(kind, name);
  } else if (subscription->node != no_node) {
    subscriber_of(subscription->node)->subscribe(kind, name, *subscription);  // gives the new listener its on_subscribed()
  }
  subscription->listener = &listener;
}

void ClusterClient::unsubscribe(SubscriptionKind kind, std::string_view name) {
  assert(loop_.on_loop_thread());
  reports_.forget(kind, name);
  Subscriptions& all = subscriptions_[static_cast<std::size_t>(kind)];
  const auto found = all.find(name);
  if (found == all.end()) {
    return;
  }
  detach(*found->second, true);
  unconfirmed_count_ -= found->second->is_settled ? 0U : 1U;
  set_refusal(*found->second, {});
  retired_subscriptions_.push_back(std::move(found->second));
  all.erase(found);
  turn_end_.request();
}

/// Removes the subscription from its node. `tell_redis` is false when Redis has ended the subscription itself.
void ClusterClient::detach(Subscription& subscription, bool tell_redis) {
  const NodeId id = std::exchange(subscription.node, no_node);
  if (id == no_node) {
    return;
  }
  --nodes_[id]->subscription_count;
  if (SingleClient* const subscriber = nodes_[id]->subscriber.get()) {
    if (tell_redis) {
      subscriber->unsubscribe(subscription.kind, subscription.name);
    } else {
      subscriber->forget(subscription.kind, subscription.name);
    }
  }
}

void ClusterClient::place(Subscription& subscription) {
  const NodeId target = subscription.kind == SubscriptionKind::shard ? nodes_.owner_of(subscription.slot) : nodes_.home();
  if (target == no_node) {
    to_place_.emplace_back(subscription.kind, subscription.name);
    return;
  }
  subscription.node = target;
  ++nodes_[target]->subscription_count;
  subscriber_of(target)->subscribe(subscription.kind, subscription.name, subscription);
}

/// Makes the waiting subscriptions, once all commands issued before the first one have completed.
void ClusterClient::place_all() {
  if (to_place_.empty() || !nodes_.has_map() || nodes_.home() == no_node || live_count_ != 0) {
    return;
  }
  if (const std::uint64_t now_ms = loop_.now_ms(); now_ms < place_after_ms_) {
    wake_after(place_after_ms_ - now_ms);
    return;
  }
  for (const auto& [kind, name] : std::exchange(to_place_, {})) {
    Subscriptions& all = subscriptions_[static_cast<std::size_t>(kind)];
    if (const auto found = all.find(name); found != all.end() && found->second->node == no_node) {
      place(*found->second);
    }
  }
}

/// Removes from their nodes the subscriptions that belong to another node after a change of the slot map or the home. A node
/// that can be reached knows better than the map which sharded channels it has, and reports when it loses one.
void ClusterClient::move_subscriptions() {
  for (Subscriptions& all : subscriptions_) {
    for (const auto& [name, subscription] : all) {
      const bool is_shard = subscription->kind == SubscriptionKind::shard;
      const NodeId target = is_shard ? nodes_.owner_of(subscription->slot) : nodes_.home();
      if (subscription->node == no_node || subscription->node == target || (is_shard && !nodes_[subscription->node]->is_away)) {
        continue;
      }
      detach(*subscription, !is_shard);
      to_place_.emplace_back(subscription->kind, name);
      if (subscription->is_settled) {
        unsettle(*subscription);
        if (reports_.is_up()) {
          fall("Subscriptions move to another node of " + where_ + ".", false);
        }
      }
    }
  }
  turn_end_.request();
}

/// Marks a node's subscriptions as unconfirmed: their connection was lost. It requests them again itself.
void ClusterClient::unconfirm_at(NodeId id) {
  for (Subscriptions& all : subscriptions_) {
    for (const auto& [name, subscription] : all) {
      if (subscription->node == id && subscription->is_settled) {
        unsettle(*subscription);
      }
    }
  }
}

void ClusterClient::on_subscribed(Subscription& subscription, std::string_view error) {
  const auto alive = shared_from_this();
  if (subscription.node == no_node) {
    return;  // it was unsubscribed, or is moving
  }
  if (!error.empty()) {
    const auto redirection = parse_redirection(error, nodes_[subscription.node]->endpoint.host);
    if (redirection &&
        (redirection->kind == Redirection::Kind::later || subscription.redirects < options_.cluster_redirects_max)) {
      again(subscription, *redirection);
      return;
    }
  }
  subscription.redirects = 0;
  if (!std::exchange(subscription.is_settled, true)) {
    --unconfirmed_count_;
  }
  set_refusal(subscription, error);
  counters_.subscriptions_refused += error.empty() ? 0U : 1U;
  turn_end_.request();
  subscription.listener->on_subscribed(subscription.name, error);
}

/// Marks a subscription as unconfirmed: it will be requested again. Precondition: it is settled.
void ClusterClient::unsettle(Subscription& subscription) {
  if (subscription.refusal.empty()) {
    lost_.emplace_back(subscription.kind, subscription.name);
    turn_end_.request();
  }
  subscription.is_settled = false;
  ++unconfirmed_count_;
  set_refusal(subscription, {});
}

/// Reports lost subscriptions, except those that are already confirmed again.
void ClusterClient::deliver_losses() {
  for (const auto& lost : std::exchange(lost_, {})) {
    Subscriptions& all = subscriptions_[static_cast<std::size_t>(lost.first)];
    const auto found = all.find(lost.second);
    if (found != all.end() && !found->second->is_settled && !is_destroyed_) {
      reports_.guarded([&lost, listener = found->second->listener] { listener->on_subscription_lost(lost.second); });
    }
  }
}

void ClusterClient::set_refusal(Subscription& subscription, std::string_view error) {
  refused_count_ -= subscription.refusal.empty() ? 0U : 1U;
  refused_count_ += error.empty() ? 0U : 1U;
  subscription.refusal = error;
}

bool ClusterClient::is_refused(const RefusedSubscription& one) const {
  const Subscriptions& all = subscriptions_[static_cast<std::size_t>(one.kind)];
  const auto found = all.find(one.name);
  return found != all.end() && !found->second->refusal.empty();
}

/// Precondition: refused_count_ is not 0.
RefusedSubscription ClusterClient::first_refused() const {
  for (const Subscriptions& all : subscriptions_) {
    for (const auto& [name, subscription] : all) {
      if (!subscription->refusal.empty()) {
        return {subscription->kind, name, subscription->refusal};
      }
    }
  }
  assert(false);
  return {};
}

/// Requests a subscription again that Redis has ended or refused, because its slot has another owner, or none at the moment.
void ClusterClient::again(Subscription& subscription, const Redirection& redirection) {
  if (redirection.kind == Redirection::Kind::moved) {
    nodes_.learn_owner(redirection);
  }
  if (subscription.is_settled) {
    unsettle(subscription);
    fall("A channel's slot has moved to another node of " + where_ + ".", false);
  }
  const bool later = redirection.kind == Redirection::Kind::later;
  subscription.redirects += later ? 0U : 1U;
  if (later || subscription.redirects > placing_redirects_at_once) {
    place_after_ms_ = loop_.now_ms() + placing_pause_ms;
  }
  detach(subscription, false);
  to_place_.emplace_back(subscription.kind, subscription.name);
  request_refresh();
  turn_end_.request();
}

}  // namespace socketio::redis
