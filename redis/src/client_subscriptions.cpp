// Subscribing, and receiving messages.

#include <cassert>
#include <string>
#include <utility>

#include <socketio/common/limits.hpp>
#include <socketio/common/milliseconds.hpp>

#include "single_client.hpp"

namespace socketio::redis {
namespace {

/// Factor by which retries of refused subscriptions are slower than backoff_max_ms: there may be many refused subscriptions.
constexpr unsigned refused_wait = 10;

}  // namespace

void SingleClient::subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) {
  assert(loop.on_loop_thread());
  if (closing || subscriptions.size() >= limits::subscriptions_max) {
    const char* const why = closing ? "The client was closed." : "There are too many subscriptions on one connection.";
    unasked_subscriptions.push_back({kind, std::string(name), &listener, why});
    if (!closing) {
      ++counters_.subscriptions_refused;
      log(LogLevel::error, why, where);
    }
  } else {
    subscriptions.add(kind, name, listener);
  }
  turn_end.request();
}

void SingleClient::unsubscribe(SubscriptionKind kind, std::string_view name) {
  assert(loop.on_loop_thread());
  std::erase_if(unasked_subscriptions, [&](const UnaskedSubscription& one) { return one.kind == kind && one.name == name; });
  subscriptions.remove(kind, name);
  turn_end.request();
}

void SingleClient::forget(SubscriptionKind kind, std::string_view name) {
  assert(loop.on_loop_thread());
  subscriptions.forget(kind, name);
  turn_end.request();
}

/// Waits for commands that were issued before the first subscription: after it, Redis accepts no other commands.
void SingleClient::request_subscriptions() {
  if (!is_logged_in || !subscriptions.in_use() || !queue.empty()) {
    return;
  }
  if (subscriptions.write_requests(control)) {
    reader->expect_messages();
    turn_end.request();
  }
  if (subscriptions.any_refused() && !refused_timer.active()) {
    refused_timer.start(std::uint64_t{in_ms(options.backoff_max)} * refused_wait);
  }
  check_ready();
}

void SingleClient::request_refused() {
  const auto alive = shared_from_this();
  subscriptions.request_refused();
  request_subscriptions();
}

void SingleClient::take_confirmation(ReplyReader& current, bool subscribed) {
  failures = 0;
  if (!subscriptions.confirm(current.kind(), subscribed, current.name())) {
    if (current.kind() == SubscriptionKind::shard && !subscribed) {  // the channel's slot has moved
      subscriptions.lost(current.kind(), current.name());
      request_subscriptions();
      return;
    }
    lose_broken("it confirms a subscription that was not asked for");
    return;
  }
  request_subscriptions();
  deliver_subscription_news();
}

void SingleClient::on_push(SubscriptionKind kind, std::string_view subscription, std::string_view channel, Bytes payload) {
  if (MessageListener* const listener = subscriptions.find(kind, subscription); listener != nullptr) {
    ++counters_.messages;
    guarded([&] { listener->on_message(channel, payload); });
  }
}

void SingleClient::deliver_subscription_news() {
  while (!destroyed) {
    const auto news = subscriptions.next_news();
    if (!news) {
      break;
    }
    if (news->is_lost) {
      guarded([&] { news->listener->on_subscription_lost(news->name); });
      continue;
    }
    counters_.subscriptions_refused += news->error.empty() || is_cluster_node ? 0U : 1U;
    guarded([&] { news->listener->on_subscribed(news->name, news->error); });
  }
  for (std::size_t count = unasked_subscriptions.size(); count != 0 && !unasked_subscriptions.empty() && !destroyed; --count) {
    const UnaskedSubscription unasked = std::move(unasked_subscriptions.front());
    unasked_subscriptions.pop_front();
    guarded([&] { unasked.listener->on_subscribed(unasked.name, unasked.why); });
  }
}

}  // namespace socketio::redis
