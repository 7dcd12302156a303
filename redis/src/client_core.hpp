#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/net/timer.hpp>
#include <socketio/net/turn_end.hpp>
#include <socketio/redis/client.hpp>

#include "context.hpp"
#include "subscriptions.hpp"

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
  virtual ~ClientCore() = default;

  void connect();
  virtual void publish(bool is_sharded, std::string_view channel, Bytes payload, PublishListener& listener,
                       std::uint64_t tag) = 0;
  virtual void command(std::span<const std::string_view> words, CommandDone done) = 0;
  void subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener);
  void unsubscribe(SubscriptionKind kind, std::string_view name);
  [[nodiscard]] virtual SubscriptionSet& subscriptions() noexcept = 0;
  virtual void flush() = 0;
  virtual void abandon(std::string_view why) = 0;
  void close(std::chrono::milliseconds deadline, std::function<void()> done);
  /// The Client is being destroyed. Waiting commands complete during this call.
  void destroy();

  struct Load {
    std::size_t queued_count = 0;
    std::size_t in_flight_count = 0;
  };
  [[nodiscard]] virtual Load load() const noexcept = 0;
  [[nodiscard]] virtual std::size_t queued_bytes() const noexcept = 0;
  [[nodiscard]] virtual const Counters& counters() const noexcept = 0;
  /// State, errors and callbacks.
  [[nodiscard]] Reports& reports() noexcept { return context_.reports; }

 protected:
  /// Work at the end of a turn: at this point no connection is inside a callback. Reports, and writes.
  virtual void on_turn_end() = 0;
  /// Reports subscriptions that were confirmed, refused or lost.
  virtual void deliver_subscriptions() = 0;
  /// Closes all connections, and ends all commands.
  virtual void end_all(std::string_view why) = 0;

  /// Effects of callbacks are delivered in the next turn, so that they cannot block the loop.
  void deliver();
  void set_state(State next, std::string_view why);
  /// The client is connected: its state is that of its subscriptions.
  ///
  /// `counts_refused`  false: refused ones do not change the state
  void show_connected(bool counts_refused);

  Loop& loop_;
  Random& random_;
  Context context_;
  bool connect_wanted_ = false;  ///< connect() was called; it begins at the end of the turn
  net::TurnEnd turn_end_;

 private:
  bool deliver_all();
  void finish_turn();
  void finish_close();

  RefusedSubscription reported_refusal_;  ///< the one that was reported, in the state `refused`
  std::vector<std::function<void()>> close_dones_;
  net::Timer close_timer_;
};

/// Adds a connection's counters of bytes and messages, not of commands: a cluster's client counts commands when they are
/// issued, because one command may be sent on several connections.
inline void add_traffic(Counters& sum, const Counters& more) noexcept {
  sum.messages += more.messages;
  sum.protocol_errors += more.protocol_errors;
  sum.bytes_written += more.bytes_written;
  sum.bytes_read += more.bytes_read;
  sum.writes += more.writes;
}

}  // namespace socketio::redis
