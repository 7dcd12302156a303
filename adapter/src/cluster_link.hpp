#pragma once

#include <memory>
#include <utility>

#include <socketio/adapter/adapter.hpp>
#include <socketio/adapter/bus.hpp>
#include <socketio/fleet/dialect.hpp>

namespace socketio::adapter {

[[nodiscard]] constexpr redis::SubscriptionKind redis_kind(fleet::ChannelKind kind) noexcept {
  return static_cast<redis::SubscriptionKind>(kind);
}
static_assert(redis_kind(fleet::ChannelKind::shard) == redis::SubscriptionKind::shard);

/// The state that the parts of a ClusterAdapter share: the namespace on this server, and the way to the others.
struct ClusterLink {
  Host& host;
  const std::shared_ptr<Bus> bus;
  const std::unique_ptr<fleet::Dialect> dialect;
  AdapterCounters counters = {};
  bool closed = false;
  const std::shared_ptr<bool> alive = std::make_shared<bool>(true);  ///< for callbacks that run after the adapter is destroyed

  /// Encodes and publishes an operation, a request or a response.
  template <typename Sent>
  void publish(const Sent& sent) {
    send(dialect->encode(host.nsp(), sent));
  }
  /// Publishes nothing when the transport could not encode it. `done`  for an entry of a stream: called with Redis' reply.
  void send(const Publication& publication, std::function<void(redis::CommandResult)> done = nullptr);
};

}  // namespace socketio::adapter
