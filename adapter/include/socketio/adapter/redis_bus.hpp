#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/adapter/bus.hpp>
#include <socketio/common/export.hpp>
#include <socketio/redis/client.hpp>

namespace socketio {

class Loop;

/// Connection of a server to Redis: one client publishes, one is subscribed. All namespaces of a server share it.
///
///   auto bus = std::make_shared<socketio::RedisBus>(loop, "redis://127.0.0.1:6379");
///   options.adapter = socketio::classic_adapter(bus);
///
/// Both clients reconnect by themselves: see redis::Client. While Redis is unreachable, the sockets of this server are served
/// as usual; published messages wait as set in redis::Options. Effects of each kind of failure: docs/operating.md, "When
/// something fails".
class SOCKETIO_API RedisBus final : public adapter::Bus {
 public:
  struct Counters {
    redis::Counters publisher;
    redis::Counters subscriber;
    std::uint64_t publishes_failed = 0;  ///< refused by Redis, or never sent
    std::uint64_t publishes_unconfirmed = 0;
  };

  /// Begins to connect. Throws Error(bad_url), Error(unsupported_url), Error(bad_option).
  ///
  /// `url`      read by options_for()
  RedisBus(Loop& loop, std::string_view url);
  /// `options`  for both clients; the subscribed one waits less between its attempts to connect, as it misses messages
  ///            published meanwhile
  RedisBus(Loop& loop, redis::Options options);
  ~RedisBus() override;

  /// Returns redis::parse_url() with values for a server of a fleet:
  ///   command_timeout = 10 s     a Redis that stalls for less keeps its connection
  ///   silent_wait = 1 s          messages written to a Redis that stalled for longer still arrive
  ///   keepalive = 2.5 s          a subscriber detects a dead connection, on which it receives nothing
  ///   resume_wait_max = 2.25 s   after an outage the other servers get time to subscribe again
  ///   backoff_max = 1 s
  [[nodiscard]] static redis::Options options_for(std::string_view url);

  /// True when both clients are connected, every subscription that existed at connect time is confirmed, none was refused since
  /// (ACL), and every stream is being read. Subscriptions added to a ready bus (rooms of the sharded family, new namespaces)
  /// leave it ready until Redis replies: unconfirmed_count() counts those. When it is ready and that count is 0, no message
  /// sent to this server from now on is missed while the connections last.
  [[nodiscard]] bool is_ready() const noexcept;
  /// Number of subscriptions that Redis has neither confirmed nor refused since they were made, or since the connection was
  /// lost.
  [[nodiscard]] std::size_t unconfirmed_count() const noexcept;
  /// The reason why the bus is not ready, or was not ready the last time; empty when nothing has failed.
  [[nodiscard]] std::string last_error() const;
  /// Called at each change of is_ready(), and with each new reason why it is not ready.
  void on_state(std::function<void(bool ready, std::string_view why)> changed);
  /// Calls `done` once: as soon as the bus is ready and has no unconfirmed subscription, or after `patience` with the reason
  /// why not. A server that accepts clients from then on misses no message of the fleet. Not called when the bus is destroyed
  /// before.
  void when_ready(std::chrono::milliseconds patience, std::function<void(bool ready, std::string_view why)> done);
  [[nodiscard]] Counters counters() const;

  void publish(redis::SubscriptionKind kind, std::string_view channel, Bytes payload) override;
  void subscribe(redis::SubscriptionKind kind, std::string_view name, redis::MessageListener& listener) override;
  void unsubscribe(redis::SubscriptionKind kind, std::string_view name) override;
  void count_subscribers(redis::SubscriptionKind kind, std::string_view channel,
                         std::function<void(std::optional<std::size_t>)> done) override;
  void command(std::span<const std::string_view> words, redis::CommandDone done) override;
  [[nodiscard]] std::unique_ptr<adapter::StreamReader> read_stream(const adapter::StreamReading& reading,
                                                                   adapter::StreamListener& listener) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace socketio
