#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/net/timer.hpp>
#include <socketio/redis/client.hpp>

namespace socketio::net {
class TlsContext;
}

namespace socketio::redis {

class SingleClient;

/// The sentinels of one client: asks them which server is the master, and receives their failover messages.
///
/// They are asked one after the other, each for a fair share of the time; the one that answered last is asked first the next
/// time. Failover messages are received from all of them (one subscription each), because a sentinel that is cut off from the
/// others does not learn of a failover.
///
/// Source: redis.io, "Guidelines for Redis clients with support for Redis Sentinel".
class Sentinels {
 public:
  /// `options`  of the client: endpoints, the master's name, the sentinels' log-in, TLS, timeouts.
  /// `moved`    called when a sentinel names the current master, which may be the one named before. Runs on the loop.
  Sentinels(Loop& loop, const Options& options, std::shared_ptr<net::TlsContext> tls, Random& random,
            std::function<void(const Endpoint& master)> moved);
  ~Sentinels();
  Sentinels(const Sentinels&) = delete;
  Sentinels& operator=(const Sentinels&) = delete;

  struct Found {
    std::optional<Endpoint> master;
    std::string why;          ///< a sentence, when there is no master
    bool is_refusal = false;  ///< a sentinel has answered, so that a retry is of little use
  };
  /// Asks the sentinels until one names the master. `done` is called once, from the loop, unless stop_finding() is called
  /// before; it may destroy the caller.
  void find(std::chrono::milliseconds timeout, std::function<void(Found)> done);
  void stop_finding();

  /// The sentinel that answered last has named a server that is not the master: another one is asked first the next time.
  void distrust_last();

  /// Subscribes to the failover messages of all sentinels. Further calls do nothing.
  void watch();
  /// Closes all connections. No callback is called afterwards.
  void close();

 private:
  struct Question;
  class Watch;

  [[nodiscard]] std::shared_ptr<SingleClient> connect_to(const Endpoint& sentinel, std::chrono::milliseconds timeout);
  [[nodiscard]] std::unique_ptr<Question> ask(const Endpoint& sentinel, std::chrono::milliseconds timeout,
                                              std::function<void(Found)> answered);
  void ask_next();
  void take_answer(Found found);
  void watch_began(const Endpoint& sentinel);
  void took_message(const Endpoint& sentinel, std::string_view text);
  void trust(const Endpoint& sentinel);

  Loop& loop_;
  const Options options_;
  std::shared_ptr<net::TlsContext> tls_;
  Random& random_;
  std::function<void(const Endpoint& master)> moved_;

  std::vector<Endpoint> order_;  ///< in the order in which they are asked
  std::size_t next_ = 0;
  std::uint64_t give_up_ms_ = 0;
  std::function<void(Found)> done_;
  Found failure_;  ///< the result when no sentinel names the master
  std::unique_ptr<Question> question_;
  std::unique_ptr<Question> check_;  ///< asks whether a failover was missed before the subscription was confirmed
  std::vector<std::unique_ptr<Watch>> watches_;
};

}  // namespace socketio::redis
