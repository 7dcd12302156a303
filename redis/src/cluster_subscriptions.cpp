#include "cluster_subscriptions.hpp"

#include "slot_map.hpp"

namespace socketio::redis {
namespace {

/// Pause after a temporary error, and after more than `placing_redirects_at_once` redirections.
constexpr std::uint64_t placing_pause_ms = 100;
constexpr std::uint32_t placing_redirects_at_once = 3;

}  // namespace

/// A subscription, and the node that it is made at. Forwards from the connection to the user's listener.
class ClusterSubscriptions::Subscription final : public MessageListener {
 public:
  Subscription(ClusterSubscriptions& its_owner, SubscriptionKind its_kind, std::string_view its_name)
      : owner(its_owner), kind(its_kind), name(its_name), slot(slot_of(name)) {}
  void on_message(std::string_view channel, Bytes payload) override { listener->on_message(channel, payload); }
  void on_subscribed(std::string_view, std::string_view error) override { owner.on_subscribed(*this, error); }

  ClusterSubscriptions& owner;
  const SubscriptionKind kind;
  const std::string name;
  const std::uint16_t slot;
  MessageListener* listener = nullptr;
  NodeId node = no_node;
  bool is_settled = false;  ///< confirmed or refused
  std::uint32_t redirects = 0;
};

ClusterSubscriptions::ClusterSubscriptions(Context& context, ClusterNodes& nodes, ClusterLinks& links,
                                           ClusterDriver& driver) noexcept
    : context_(context), nodes_(nodes), links_(links), driver_(driver) {}

ClusterSubscriptions::~ClusterSubscriptions() = default;

void ClusterSubscriptions::begin_turn() noexcept { retired_.clear(); }

void ClusterSubscriptions::add(SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  in_use_ = true;
  std::unique_ptr<Subscription>& subscription = subscriptions_[static_cast<std::size_t>(kind)][std::string(name)];
  if (!subscription) {
    subscription = std::make_unique<Subscription>(*this, kind, name);
    ++unconfirmed_count_;
    to_place_.emplace_back(kind, name);
  } else if (subscription->node != no_node) {
    links_.subscribe(subscription->node, kind, name, *subscription);  // gives the new listener its on_subscribed()
  }
  subscription->listener = &listener;
}

void ClusterSubscriptions::remove(SubscriptionKind kind, std::string_view name) {
  ByName& all = subscriptions_[static_cast<std::size_t>(kind)];
  const auto found = all.find(name);
  if (found == all.end()) {
    return;
  }
  detach(*found->second, true);
  unconfirmed_count_ -= found->second->is_settled ? 0U : 1U;
  set_refusal(kind, name, {});
  retired_.push_back(std::move(found->second));
  all.erase(found);
}

ClusterSubscriptions::Subscription* ClusterSubscriptions::find(SubscriptionKind kind, std::string_view name) const {
  const ByName& all = subscriptions_[static_cast<std::size_t>(kind)];
  const auto found = all.find(name);
  return found != all.end() ? found->second.get() : nullptr;
}

// ---- their nodes -----------------------------------------------------------------------------------------------------------

NodeId ClusterSubscriptions::node_for(const Subscription& subscription) const noexcept {
  return subscription.kind == SubscriptionKind::shard ? nodes_.owner_of(subscription.slot) : nodes_.home();
}

std::optional<std::uint64_t> ClusterSubscriptions::place_all(std::uint64_t now_ms) {
  if (to_place_.empty() || !nodes_.has_map() || nodes_.home() == no_node) {
    return std::nullopt;
  }
  if (std::exchange(is_pausing_, false)) {
    place_after_ms_ = now_ms + placing_pause_ms;
  }
  if (now_ms < place_after_ms_) {
    return place_after_ms_ - now_ms;
  }
  for (const auto& [kind, name] : std::exchange(to_place_, {})) {
    Subscription* const subscription = find(kind, name);
    if (subscription == nullptr || subscription->node != no_node) {
      continue;
    }
    const NodeId target = node_for(*subscription);
    if (target == no_node) {
      to_place_.emplace_back(kind, name);
      continue;
    }
    subscription->node = target;
    ++nodes_[target]->subscription_count;
    links_.subscribe(target, kind, name, *subscription);
  }
  return std::nullopt;
}

/// Removes the subscription from its node.
void ClusterSubscriptions::detach(Subscription& subscription, bool at_redis) {
  if (const NodeId id = std::exchange(subscription.node, no_node); id != no_node) {
    --nodes_[id]->subscription_count;
    links_.unsubscribe(id, subscription.kind, subscription.name, at_redis);
  }
}

bool ClusterSubscriptions::move() {
  bool has_unsettled = false;
  for (ByName& all : subscriptions_) {
    for (const auto& [name, subscription] : all) {
      const bool is_shard = subscription->kind == SubscriptionKind::shard;
      const NodeId node = subscription->node;
      if (node == no_node || node == node_for(*subscription) || (is_shard && !nodes_[node]->is_away)) {
        continue;
      }
      detach(*subscription, !is_shard);
      to_place_.emplace_back(subscription->kind, name);
      if (subscription->is_settled) {
        unsettle(*subscription);
        has_unsettled = true;
      }
    }
  }
  return has_unsettled;
}

void ClusterSubscriptions::unconfirm_at(NodeId id) {
  for (ByName& all : subscriptions_) {
    for (const auto& [name, subscription] : all) {
      if (subscription->node == id && subscription->is_settled) {
        unsettle(*subscription);
      }
    }
  }
}

// ---- confirmed, refused, lost ----------------------------------------------------------------------------------------------

void ClusterSubscriptions::on_subscribed(Subscription& subscription, std::string_view error) {
  const auto alive = driver_.hold();
  if (subscription.node == no_node) {
    return;  // it was unsubscribed, or is moving
  }
  if (!error.empty()) {
    const auto redirection = parse_redirection(error, nodes_[subscription.node]->endpoint.host);
    if (redirection &&
        (redirection->kind == Redirection::Kind::later || subscription.redirects < context_.options.cluster_redirects_max)) {
      again(subscription, *redirection);
      return;
    }
  }
  subscription.redirects = 0;
  if (!std::exchange(subscription.is_settled, true)) {
    --unconfirmed_count_;
  }
  set_refusal(subscription.kind, subscription.name, error);
  context_.counters.subscriptions_refused += error.empty() ? 0U : 1U;
  driver_.wake_after(0);
  subscription.listener->on_subscribed(subscription.name, error);
}

/// Requests a subscription again that Redis has ended or refused, because its slot has another owner, or none at the moment.
void ClusterSubscriptions::again(Subscription& subscription, const Redirection& redirection) {
  if (redirection.kind == Redirection::Kind::moved) {
    nodes_.learn_owner(redirection);
  }
  if (subscription.is_settled) {
    unsettle(subscription);
    driver_.on_slot_moved();
  }
  const bool later = redirection.kind == Redirection::Kind::later;
  subscription.redirects += later ? 0U : 1U;
  is_pausing_ = is_pausing_ || later || subscription.redirects > placing_redirects_at_once;
  detach(subscription, false);
  to_place_.emplace_back(subscription.kind, subscription.name);
  driver_.request_refresh();
  driver_.wake_after(0);
}

/// Marks a subscription as unconfirmed: it will be requested again. Precondition: it is settled.
void ClusterSubscriptions::unsettle(Subscription& subscription) {
  if (!is_refused(subscription.kind, subscription.name)) {
    lost_.emplace_back(subscription.kind, subscription.name);
    driver_.wake_after(0);
  }
  subscription.is_settled = false;
  ++unconfirmed_count_;
  set_refusal(subscription.kind, subscription.name, {});
}

void ClusterSubscriptions::deliver_losses() {
  for (const auto& [kind, name] : std::exchange(lost_, {})) {
    const Subscription* const subscription = find(kind, name);
    if (subscription != nullptr && !subscription->is_settled && !context_.reports.is_silent()) {
      context_.reports.guarded([&lost = name, listener = subscription->listener] { listener->on_subscription_lost(lost); });
    }
  }
}

}  // namespace socketio::redis
