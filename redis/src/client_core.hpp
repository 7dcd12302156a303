#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <socketio/redis/client.hpp>

namespace socketio::redis {

/// Implementation of a Client: SingleClient for one Redis, ClusterClient for a Redis Cluster. Each function implements the
/// function of Client that has its name.
///
/// Functions called by the user only change state, append to a queue, or write; they call no callbacks. Callbacks run only from
/// the loop. Each function that the loop calls holds `shared_from_this()`, because a callback may destroy the client.
class ClientCore {
 public:
  ClientCore() = default;
  virtual ~ClientCore();
  ClientCore(const ClientCore&) = delete;
  ClientCore& operator=(const ClientCore&) = delete;

  virtual void connect() = 0;
  virtual void on_state(StateChanged changed) = 0;
  [[nodiscard]] virtual State state() const noexcept = 0;
  [[nodiscard]] virtual const std::string& last_error() const noexcept = 0;
  [[nodiscard]] virtual bool last_error_is_refusal() const noexcept = 0;

  virtual void publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) = 0;
  virtual void publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag) = 0;
  virtual void command(std::span<const std::string_view> words, CommandDone done) = 0;
  virtual void subscribe(SubscriptionKind kind, std::string_view name, MessageListener& listener) = 0;
  virtual void unsubscribe(SubscriptionKind kind, std::string_view name) = 0;
  [[nodiscard]] virtual std::size_t unconfirmed_count() const noexcept = 0;
  virtual void on_subscriptions(std::function<void()> settled) = 0;

  virtual void flush() = 0;
  virtual void abandon(std::string_view why) = 0;
  [[nodiscard]] virtual std::size_t queued_bytes() const noexcept = 0;
  [[nodiscard]] virtual std::size_t queued_count() const noexcept = 0;
  [[nodiscard]] virtual std::size_t in_flight_count() const noexcept = 0;
  [[nodiscard]] virtual const Counters& counters() const noexcept = 0;

  virtual void close(std::uint64_t deadline_ms, std::function<void()> done) = 0;
  /// The Client is being destroyed. Waiting commands complete during this call.
  virtual void destroy() = 0;
};

}  // namespace socketio::redis
