#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <socketio/redis/options.hpp>
#include <socketio/redis/types.hpp>

namespace socketio::redis {

/// State of a client, and everything of it that is reported to the user later than it happens: state changes, refused
/// subscriptions, log records. The user's functions are called by deliver(), and by guarded() for everything else.
class Reports {
 public:
  /// `log` outlives this.
  explicit Reports(const Log& log) noexcept : log_(log) {}

  void log(LogLevel level, std::string_view message, std::string_view detail) const noexcept;
  /// Calls a user's function and logs its exceptions, which must not pass through libuv and hiredis.
  template <typename Function>
  void guarded(const Function& function) const noexcept;

  void on_state(StateChanged changed) { changed_ = kept(std::move(changed)); }
  void on_subscriptions(std::function<void()> settled) { settled_ = kept(std::move(settled)); }

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool is_up() const noexcept { return state_ == State::ready || state_ == State::refused; }
  void set_state(State next, std::string_view why);
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }
  [[nodiscard]] bool last_error_is_refusal() const noexcept { return last_error_is_refusal_; }
  /// Logs the error, too. `where` is the server, for people.
  void set_error(std::string_view why, bool is_refusal, std::string_view where);

  /// A subscription is never requested: there are too many, or the client is closed.
  void refuse(SubscriptionKind kind, std::string_view name, MessageListener& listener, std::string_view why);
  void forget(SubscriptionKind kind, std::string_view name);

  void deliver_states();
  /// `is_unconfirmed`  there are subscriptions that Redis has neither confirmed nor refused
  void deliver_subscriptions(bool is_unconfirmed);
  /// True if there is more to deliver: callbacks have caused it, and must not block the loop.
  [[nodiscard]] bool has_more() const noexcept { return !states_.empty() || !refused_.empty(); }
  /// From now on nothing is reported here: the client is being destroyed.
  void silence();
  [[nodiscard]] bool is_silent() const noexcept { return is_silent_; }

 private:
  struct StateNews {
    State state;
    std::string why;
  };
  struct RefusedName {
    SubscriptionKind kind;
    std::string name;
    MessageListener* listener;
    std::string why;
  };
  /// A callback stays alive while it runs, also if it replaces itself.
  template <typename Function>
  static std::shared_ptr<const Function> kept(Function function) {
    return function ? std::make_shared<const Function>(std::move(function)) : nullptr;
  }

  const Log& log_;
  State state_ = State::idle;
  std::string last_error_;
  bool last_error_is_refusal_ = false;
  std::shared_ptr<const StateChanged> changed_;           ///< null: no callback
  std::shared_ptr<const std::function<void()>> settled_;  ///< null: no callback
  std::deque<StateNews> states_;
  std::deque<RefusedName> refused_;
  bool was_unconfirmed_ = false;
  bool is_silent_ = false;
};

template <typename Function>
void Reports::guarded(const Function& function) const noexcept {
  try {
    function();
  } catch (const std::exception& error) {
    log(LogLevel::error, "A callback threw an exception.", error.what());
  } catch (...) {
    log(LogLevel::error, "A callback threw something that is no std::exception.", {});
  }
}

}  // namespace socketio::redis
