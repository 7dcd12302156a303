#include "subscriptions.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "resp.hpp"

namespace socketio::redis {
namespace {

constexpr std::size_t names_per_command_max = 256;
constexpr std::size_t name_bytes_per_command_max = 32 * 1024;
/// Limits of all commands together that Redis has not confirmed completely: each sharded channel has its own command.
constexpr std::size_t names_sent_max = 8 * names_per_command_max;
constexpr std::size_t name_bytes_sent_max = 8 * name_bytes_per_command_max;

std::string_view command_name(SubscriptionKind kind, bool subscribe) noexcept {
  switch (kind) {
    case SubscriptionKind::pattern: return subscribe ? "PSUBSCRIBE" : "PUNSUBSCRIBE";
    case SubscriptionKind::shard: return subscribe ? "SSUBSCRIBE" : "SUNSUBSCRIBE";
    case SubscriptionKind::channel: break;
  }
  return subscribe ? "SUBSCRIBE" : "UNSUBSCRIBE";
}

/// True for sharded channels: the channels of one command must have the same slot.
bool goes_alone(SubscriptionKind kind) noexcept { return kind == SubscriptionKind::shard; }

}  // namespace

void Subscriptions::add(SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  in_use_ = true;
  Subscription& subscription = names(kind)[std::string(name)];
  subscription.listener = &listener;
  subscription.id = ++last_id_;
  open_count_ += subscription.open ? 0U : 1U;
  subscription.open = true;
  set_refusal(subscription, {});
  if (connected_) {
    requests_.push_back({kind, true, goes_alone(kind), subscription.id, std::string(name)});
  }
}

void Subscriptions::remove(SubscriptionKind kind, std::string_view name) {
  if (connected_ && names(kind).find(name) != names(kind).end()) {
    requests_.push_back({kind, false, goes_alone(kind), 0, std::string(name)});
  }
  forget(kind, name);
}

void Subscriptions::forget(SubscriptionKind kind, std::string_view name) {
  if (const auto found = names(kind).find(name); found != names(kind).end()) {
    open_count_ -= found->second.open ? 1U : 0U;
    set_refusal(found->second, {});
    names(kind).erase(found);
  }
}

MessageListener* Subscriptions::find(SubscriptionKind kind, std::string_view name) const {
  const auto found = names(kind).find(name);
  return found != names(kind).end() && found->second.live ? found->second.listener : nullptr;
}

void Subscriptions::connection_began() {
  connected_ = true;
  requests_.clear();
  for (const SubscriptionKind kind : {SubscriptionKind::channel, SubscriptionKind::pattern, SubscriptionKind::shard}) {
    for (const auto& [name, subscription] : names(kind)) {
      requests_.push_back({kind, true, goes_alone(kind), subscription.id, name});
    }
  }
}

void Subscriptions::connection_ended() {
  connected_ = false;
  any_refused_ = false;
  requests_.clear();
  sent_.clear();
  sent_name_count_ = 0;
  sent_name_bytes_ = 0;
  open_count_ = size();
  for (const SubscriptionKind kind : {SubscriptionKind::channel, SubscriptionKind::pattern, SubscriptionKind::shard}) {
    for (auto& [name, subscription] : names(kind)) {
      if (subscription.live) {
        news_.push_back({kind, subscription.id, name, {}, true});
      }
      subscription.open = true;
      subscription.live = false;
      set_refusal(subscription, {});
    }
  }
}

/// Moves the requests of the next command out of the queue.
void Subscriptions::take_command(Command& command) {
  const SubscriptionKind kind = requests_.front().kind;
  const bool subscribe = requests_.front().subscribe;
  do {
    command.name_bytes += requests_.front().name.size();
    command.requests.push_back(std::move(requests_.front()));
    requests_.pop_front();
  } while (!command.requests.back().alone && !requests_.empty() && !requests_.front().alone && requests_.front().kind == kind &&
           requests_.front().subscribe == subscribe && command.requests.size() < names_per_command_max &&
           command.name_bytes < name_bytes_per_command_max);
}

bool Subscriptions::write_requests(Buffer& output) {
  bool wrote = false;
  while (!requests_.empty() && sent_name_count_ < names_sent_max && sent_name_bytes_ < name_bytes_sent_max) {
    Command& command = sent_.emplace_back();
    take_command(command);
    sent_name_count_ += command.requests.size();
    sent_name_bytes_ += command.name_bytes;
    std::vector<std::string_view> words{command_name(command.requests[0].kind, command.requests[0].subscribe)};
    for (const Request& request : command.requests) {
      words.push_back(request.name);
    }
    append_command(output, words);
    wrote = true;
  }
  return wrote;
}

/// Removes the oldest command, which Redis has answered.
Subscriptions::Command Subscriptions::take_sent() {
  Command command = std::move(sent_.front());
  sent_.pop_front();
  sent_name_count_ -= command.requests.size();
  sent_name_bytes_ -= command.name_bytes;
  return command;
}

bool Subscriptions::confirm(SubscriptionKind kind, bool subscribed, std::string_view name) {
  if (sent_.empty()) {
    return false;
  }
  Command& command = sent_.front();
  const Request& request = command.requests[command.confirmed_count];
  if (request.kind != kind || request.subscribe != subscribed || request.name != name) {
    return false;
  }
  settle(request, {});
  if (++command.confirmed_count == command.requests.size()) {
    take_sent();
  }
  return true;
}

void Subscriptions::lost(SubscriptionKind kind, std::string_view name) {
  const auto found = names(kind).find(name);
  if (found == names(kind).end() || found->second.open) {
    return;
  }
  if (found->second.live) {
    news_.push_back({kind, found->second.id, std::string(name), {}, true});
  }
  found->second.open = true;
  found->second.live = false;
  ++open_count_;
  requests_.push_back({kind, true, goes_alone(kind), found->second.id, std::string(name)});
}

void Subscriptions::refuse(std::string_view error) {
  assert(awaiting());
  Command command = take_sent();
  if (command.requests.size() == 1) {
    settle(command.requests[0], error);
    return;
  }
  for (auto request = command.requests.rbegin(); request != command.requests.rend(); ++request) {
    request->alone = true;
    requests_.push_front(std::move(*request));
  }
}

void Subscriptions::request_refused() {
  any_refused_ = false;
  for (const SubscriptionKind kind : {SubscriptionKind::channel, SubscriptionKind::pattern, SubscriptionKind::shard}) {
    for (const auto& [name, subscription] : names(kind)) {
      if (!subscription.refusal.empty()) {
        requests_.push_back({kind, true, true, subscription.id, name});
      }
    }
  }
}

void Subscriptions::set_refusal(Subscription& subscription, std::string_view error) {
  refused_count_ -= subscription.refusal.empty() ? 0U : 1U;
  refused_count_ += error.empty() ? 0U : 1U;
  subscription.refusal = error;
}

bool Subscriptions::is_refused(const RefusedSubscription& one) const {
  const auto found = names(one.kind).find(one.name);
  return found != names(one.kind).end() && !found->second.refusal.empty();
}

RefusedSubscription Subscriptions::first_refused() const {
  for (const SubscriptionKind kind : {SubscriptionKind::channel, SubscriptionKind::pattern, SubscriptionKind::shard}) {
    for (const auto& [name, subscription] : names(kind)) {
      if (!subscription.refusal.empty()) {
        return {kind, name, subscription.refusal};
      }
    }
  }
  assert(false);
  return {};
}

/// Handles the answer for one name. It is ignored for a subscription that was removed or made again meanwhile.
void Subscriptions::settle(const Request& request, std::string_view error) {
  const auto found = names(request.kind).find(request.name);
  if (!request.subscribe || found == names(request.kind).end() || found->second.id != request.id) {
    return;
  }
  Subscription& subscription = found->second;
  open_count_ -= subscription.open ? 1U : 0U;
  subscription.open = false;
  subscription.live = error.empty();
  any_refused_ = any_refused_ || !error.empty();
  if (!error.empty() && subscription.refusal == error) {
    return;  // retried, and refused again
  }
  set_refusal(subscription, error);
  news_.push_back({request.kind, request.id, request.name, std::string(error), false});
}

std::optional<Subscriptions::Confirmed> Subscriptions::next_news() {
  while (!news_.empty()) {
    News news = std::move(news_.front());
    news_.pop_front();
    const auto found = names(news.kind).find(news.name);
    if (found != names(news.kind).end() && found->second.id == news.id) {
      return Confirmed{found->second.listener, std::move(news.name), std::move(news.error), news.is_lost};
    }
  }
  return std::nullopt;
}

}  // namespace socketio::redis
