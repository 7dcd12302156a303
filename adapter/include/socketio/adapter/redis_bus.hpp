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

/// A server's way to Redis: one connection that publishes, one that is subscribed. All namespaces of a server share it.
///
///   auto bus = std::make_shared<socketio::RedisBus>(loop, "redis://127.0.0.1:6379");
///   options.adapter = socketio::classic_adapter(bus);
///
/// Both connections stay connected: see redis::Client. While Redis is away the sockets of this server are served as ever;
/// publishes wait as redis::Options say. What each kind of failure costs: docs/operating.md, "When something fails".
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
  /// `options`  for both connections; the one that is subscribed waits less between its attempts, as it misses what is said
  ///            meanwhile
  RedisBus(Loop& loop, redis::Options options);
  ~RedisBus() override;

  /// redis::parse_url(), and what suits a server among servers:
  ///   command_timeout_ms = 10'000  a Redis that only stands still for less is not given up
  ///   silent_wait_ms = 1'000       and what was on its way to one that stood still for longer arrives
  ///   keepalive_ms = 2'500         a subscriber on a connection that has died without a sign hears nothing
  ///   resume_wait_max_ms = 2'250   after an outage the other servers get time to subscribe again
  ///   backoff_max_ms = 1'000
  [[nodiscard]] static redis::Options options_for(std::string_view url);

  /// Connected, every subscription confirmed that there was when the connection was made, none refused since (ACL), and every
  /// stream being read. Subscriptions that are added to a ready bus (rooms of the sharded family, new namespaces) do not make
  /// it unready while Redis has not answered: unconfirmed_count() has those. Ready, and 0 of them: nothing that is sent to this
  /// server from now on is missed while the connections last.
  [[nodiscard]] bool is_ready() const noexcept;
  /// Subscriptions that Redis has neither confirmed nor refused, on the connection of now or at all.
  [[nodiscard]] std::size_t unconfirmed_count() const noexcept;
  /// Why it is not, or was not last; empty when nothing has failed.
  [[nodiscard]] std::string last_error() const;
  /// Called at each change of is_ready(), and with each new reason why it is not ready.
  void on_state(std::function<void(bool ready, std::string_view why)> changed);
  /// Calls `done` once: as soon as it is ready and has no unconfirmed subscription, or after `patience_ms` with the reason why
  /// not. A server that begins to listen then misses nothing of what the fleet sends. Not called when the bus ends before.
  void when_ready(std::uint32_t patience_ms, std::function<void(bool ready, std::string_view why)> done);
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
