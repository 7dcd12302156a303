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

constexpr std::size_t shown_name_bytes_max = 200;

/// Replaces control characters and bytes that are not ASCII, so that none reaches a terminal: names may come from clients
/// (rooms), and errors from any server.
std::string printable(std::string_view text) {
  std::string result(text.substr(0, shown_name_bytes_max));
  for (char& character : result) {
    const auto byte = static_cast<unsigned char>(character);
    character = byte < 0x20 || byte >= 0x7f ? '?' : character;
  }
  return text.size() > shown_name_bytes_max ? result + "..." : result;
}

/// True for sharded channels: the channels of one command must have the same slot.
bool goes_alone(SubscriptionKind kind) noexcept { return kind == SubscriptionKind::shard; }

}  // namespace

std::string describe(const RefusedSubscription& refused, std::string_view who, std::string_view user) {
  const bool is_pattern = refused.kind == SubscriptionKind::pattern;
  const std::string name = printable(refused.name);
  std::string text(who);
  text += std::string(" refused the subscription to the ") + (is_pattern ? "pattern" : "channel") + " \"" + name + "\" (" +
          printable(refused.error) + "): messages published there do not arrive.";
  if (refused.error.starts_with("NOPERM")) {
    const char* const command = is_pattern                                ? "psubscribe"
                                : refused.kind == SubscriptionKind::shard ? "ssubscribe"
                                                                          : "subscribe";
    text += " Grant it with: ACL SETUSER " + printable(user.empty() ? "default" : user) + " +" + command + " &" + name;
    text += is_pattern ? " (a pattern has to be granted literally)." : "";
  }
  return text;
}

bool SubscriptionSet::is_refused(SubscriptionKind kind, std::string_view name) const {
  return !refused_.empty() && refused_.contains({kind, std::string(name)});
}

RefusedSubscription SubscriptionSet::first_refused() const {
  const auto& [name, error] = *refused_.begin();
  return {name.first, name.second, error};
}

void SubscriptionSet::set_refusal(SubscriptionKind kind, std::string_view name, std::string_view error) {
  if (!error.empty()) {
    refused_[{kind, std::string(name)}] = error;
  } else if (!refused_.empty()) {
    refused_.erase({kind, std::string(name)});
  }
}

void Subscriptions::add(SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  in_use_ = true;
  Subscription& subscription = names(kind)[std::string(name)];
  subscription.listener = &listener;
  subscription.id = ++last_id_;
  unconfirmed_count_ += subscription.open ? 0U : 1U;
  subscription.open = true;
  set_refusal(kind, name, {});
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
    unconfirmed_count_ -= found->second.open ? 1U : 0U;
    set_refusal(kind, name, {});
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
  refused_.clear();
  requests_.clear();
  sent_.clear();
  sent_name_count_ = 0;
  sent_name_bytes_ = 0;
  unconfirmed_count_ = size();
  for (const SubscriptionKind kind : {SubscriptionKind::channel, SubscriptionKind::pattern, SubscriptionKind::shard}) {
    for (auto& [name, subscription] : names(kind)) {
      if (subscription.live) {
        news_.push_back({kind, subscription.id, name, {}, true});
      }
      subscription.open = true;
      subscription.live = false;
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
  ++unconfirmed_count_;
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
  for (const auto& [name, error] : refused_) {
    requests_.push_back({name.first, true, true, names(name.first).find(name.second)->second.id, name.second});
  }
}

/// Handles the answer for one name. It is ignored for a subscription that was removed or made again meanwhile.
void Subscriptions::settle(const Request& request, std::string_view error) {
  const auto found = names(request.kind).find(request.name);
  if (!request.subscribe || found == names(request.kind).end() || found->second.id != request.id) {
    return;
  }
  Subscription& subscription = found->second;
  unconfirmed_count_ -= subscription.open ? 1U : 0U;
  subscription.open = false;
  subscription.live = error.empty();
  any_refused_ = any_refused_ || !error.empty();
  const auto before = error.empty() ? refused_.end() : refused_.find({request.kind, request.name});
  if (before != refused_.end() && before->second == error) {
    return;  // retried, and refused again
  }
  set_refusal(request.kind, request.name, error);
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
