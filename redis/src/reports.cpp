#include "reports.hpp"

#include <utility>

namespace socketio::redis {

void Reports::log(LogLevel level, std::string_view message, std::string_view detail) const noexcept {
  if (log_) {
    try {
      log_({level, "redis", message, detail});
    } catch (...) {  // an exception of the log function cannot be reported
    }
  }
}

void Reports::set_state(State next, std::string_view why) {
  state_ = next;
  if (!is_silent_) {
    states_.push_back({next, std::string(why)});
  }
}

void Reports::set_error(std::string_view why, bool is_refusal, std::string_view where) {
  last_error_ = why;
  last_error_is_refusal_ = is_refusal;
  log(LogLevel::warning, last_error_, where);
}

void Reports::refuse(SubscriptionKind kind, std::string_view name, MessageListener& listener, std::string_view why) {
  if (!is_silent_) {
    refused_.push_back({kind, std::string(name), &listener, std::string(why)});
  }
}

void Reports::forget(SubscriptionKind kind, std::string_view name) {
  std::erase_if(refused_, [&](const RefusedName& one) { return one.kind == kind && one.name == name; });
}

void Reports::deliver_states() {
  for (std::size_t count = states_.size(); count != 0 && !states_.empty(); --count) {
    const StateNews news = std::move(states_.front());
    states_.pop_front();
    if (const auto call = changed_) {
      guarded([&] { (*call)(news.state, news.why); });
    }
  }
}

void Reports::deliver_subscriptions(bool is_unconfirmed) {
  for (std::size_t count = refused_.size(); count != 0 && !refused_.empty(); --count) {
    const RefusedName refused = std::move(refused_.front());
    refused_.pop_front();
    guarded([&] { refused.listener->on_subscribed(refused.name, refused.why); });
  }
  if (const auto call = settled_; std::exchange(was_unconfirmed_, is_unconfirmed) && !is_unconfirmed && call) {
    guarded(*call);
  }
}

void Reports::silence() {
  is_silent_ = true;
  changed_ = nullptr;
  settled_ = nullptr;
  states_.clear();
  refused_.clear();
}

}  // namespace socketio::redis
