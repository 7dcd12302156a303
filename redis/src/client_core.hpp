#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/net/random.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/net/turn_end.hpp>
#include <socketio/redis/client.hpp>

#include "refused_subscription.hpp"
#include "reports.hpp"

namespace socketio::redis {

/// Implementation of a Client: SingleClient for one Redis, ClusterClient for a Redis Cluster. Each public function implements
/// the function of Client that has its name.
///
/// Functions called by the user only change state, append to a queue, or write; they call no callbacks. Callbacks run only from
/// the loop. Each function that the loop calls holds `shared_from_this()`, because a callback may destroy the client.
class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  /// `random`   null: the system's.
  ClientCore(Loop& loop, Options options, Random* random);
  virtual ~ClientCore();
  ClientCore(const ClientCore&) = delete;
  ClientCore& operator=(const ClientCore&) = delete;

  virtual void connect() = 0;
  void on_state(StateChanged changed) { reports_.on_state(std::move(changed)); }
  [[nodiscard]] State state() const noexcept { return reports_.state(); }
  [[nodiscard]] const std::string& last_error() const noexcept { return reports_.last_error(); }
  [[nodiscard]] bool last_error_is_refusal() const noexcept { return reports_.last_error_is_refusal(); }

  virtual void publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) = 0;
  virtual void publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) = 0;
  virtual void command(std::span<const std::string_view> words, CommandDone done) = 0;
  virtual void subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) = 0;
  virtual void unsubscribe(SubscriptionKind kind, std::string_view name) = 0;
  [[nodiscard]] virtual std::size_t unconfirmed_count() const noexcept = 0;
  void on_subscriptions(std::function<void()> settled) { reports_.on_subscriptions(std::move(settled)); }

  virtual void flush() = 0;
  virtual void abandon(std::string_view why) = 0;
  [[nodiscard]] virtual std::size_t queued_bytes() const noexcept = 0;
  [[nodiscard]] virtual std::size_t queued_count() const noexcept = 0;
  [[nodiscard]] virtual std::size_t in_flight_count() const noexcept = 0;
  [[nodiscard]] virtual const Counters& counters() const noexcept = 0;

  void close(std::uint64_t deadline_ms, std::function<void()> done);
  /// The Client is being destroyed. Waiting commands complete during this call.
  void destroy();

 protected:
  /// Work at the end of a turn: at this point no connection is inside a callback. Reports, and writes.
  virtual void on_turn_end() = 0;
  /// Calls the callbacks for everything that has happened, and returns true if these have caused more.
  virtual bool deliver_all() = 0;
  /// Closes all connections, and ends all commands.
  virtual void end_all(std::string_view why) = 0;

  /// Effects of callbacks are delivered in the next turn, so that they cannot block the loop.
  void deliver();
  void set_state(State next, std::string_view why);
  /// Reports one of the refused subscriptions. To be called again only when that is not refused any more: there may be many.
  void report_refused(RefusedSubscription refused, std::string_view who, std::string_view where);

  Loop& loop_;
  const Options options_;
  Reports reports_;
  Counters counters_;
  bool is_closing_ = false;
  bool close_now_ = false;  ///< the deadline of close() has passed
  bool is_destroyed_ = false;
  RefusedSubscription reported_refusal_;  ///< the one that was reported, in the state `refused`
  net::TurnEnd turn_end_;

 private:
  void finish_turn();
  void finish_close();

  SystemRandom system_random_;

 protected:
  Random& random_;

 private:
  std::vector<std::function<void()>> close_dones_;
  net::Timer close_timer_;
};

}  // namespace socketio::redis
