#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/random.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/redis/options.hpp>
#include <socketio/redis/types.hpp>

namespace socketio::redis {

class ClientCore;

/// A client of one Redis, which keeps its connection: with Topology::sentinel to the current master, with Topology::cluster to
/// each node that is needed. Use a separate client for subscriptions: a connection that subscribes takes no other commands.
///
/// Everything happens on the loop's thread. Commands are buffered and written at the end of the loop's turn. When the
/// connection is lost, commands that were written completely become `unconfirmed`, the others wait or fail as OfflinePolicy
/// says; the client reconnects with growing delays until it is closed, and subscribes again before its state is `ready`.
///
/// With sentinels, each attempt asks them which server is the master, and verifies that with ROLE (which the user must be
/// allowed to call). While it is ready, the client is subscribed to all of them, on separate connections, and leaves a master
/// that they have replaced.
///
/// In a cluster
/// - PUBLISH, and every other command without a key, goes to one node, chosen at random and kept as long as it can be reached;
///   SPUBLISH and commands with a key go to the owner of the slot. Commands for one slot keep their order, and so do commands
///   without a slot; between slots there is no order. Keys of several slots in one command are refused (by Redis: CROSSSLOT).
/// - MOVED and ASK are followed, up to cluster_redirects_max times for one command; TRYAGAIN, CLUSTERDOWN and LOADING are
///   retried for command_timeout. After that, the error is the reply. Commands for a slot whose owner cannot be reached wait
///   or fail as OfflinePolicy says.
/// - PUBSUB and CLIENT LIST are sent to every node that can be reached, and the replies are joined: NUMSUB adds up the counts.
///   The commands from MULTI to EXEC go to one node together, at EXEC.
/// - Channels and patterns are subscribed to at one node; sharded channels at the owners of their slots, which they follow.
/// - The state is `ready` when the slot map is known, the nodes that were needed so far are connected, and every subscription
///   is confirmed by its node; `refused` when all of that is true, except that subscriptions were refused. It is `disconnected`
///   while a node that is needed is lost, or a sharded channel moves to another node.
/// - queue_bytes_max and queued_bytes() apply to all nodes together, and count a command's bytes until it completes, because it
///   may be sent again. `drop_oldest` drops the command that has waited longest for any node. Other limits and timeouts apply
///   to each connection.
class SOCKETIO_API Client {
 public:
  /// `random`   for the jitter of reconnecting; borrowed; null: the system's.
  /// Throws     Error(bad_option): certificate files that cannot be used, no sentinels or no name of the master.
  Client(Loop& loop, Options options, Random* random = nullptr);
  /// Closes as close() without time does: waiting commands are not sent. Listeners receive their outcomes during this call.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Starts to connect. Commands issued before this call wait.
  void connect();
  void on_state(StateChanged changed);
  [[nodiscard]] State state() const noexcept;
  /// Reason why the last attempt or connection failed, or the subscription that was refused last; empty when nothing has
  /// failed.
  [[nodiscard]] const std::string& last_error() const noexcept;
  /// True if the last error came from Redis itself (wrong password, no such database), so that a retry is of little use.
  [[nodiscard]] bool last_error_is_refusal() const noexcept;

  /// Sends PUBLISH. `listener` outlives the publish; `payload` and `channel` are copied into the output.
  ///
  /// Cost       one copy into the output buffer and one small queue entry; no allocation once the buffers have grown.
  void publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag);

  /// Sends SPUBLISH: only subscribers of SubscriptionKind::shard receive the message. Otherwise as publish().
  void publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag);

  /// Sends any other command; `done` is called exactly once.
  void command(std::span<const std::string_view> words, CommandDone done);

  /// After the first subscription, the client takes no other commands. `listener` outlives the subscription. Subscribing again
  /// to the same name replaces the listener. A subscription that Redis refuses is retried every ten times
  /// Options::backoff_max, and after each reconnect, because permissions may change. Until then the state is `refused`, not
  /// `ready`.
  void subscribe(SubscriptionKind kind, std::string_view channel_or_pattern, MessageListener& listener);
  /// Ends a subscription. Its listener is not called for it any more.
  void unsubscribe(SubscriptionKind kind, std::string_view channel_or_pattern);
  /// Number of subscriptions that Redis has neither confirmed nor refused since they were made or their connection was lost.
  /// One that is made on a `ready` client does not change the state, and is counted here until Redis has answered.
  [[nodiscard]] std::size_t unconfirmed_count() const noexcept;
  /// Calls `settled` each time unconfirmed_count() becomes 0.
  void on_subscriptions(std::function<void()> settled);

  /// Writes the buffered commands now, instead of at the end of the turn.
  void flush();
  /// Fails all commands that have not completed: those not yet written become not_sent, written ones unconfirmed (the
  /// connection is dropped then, because its replies can no longer be matched).
  void abandon(std::string_view why);

  [[nodiscard]] std::size_t queued_bytes() const noexcept;     ///< not yet written
  [[nodiscard]] std::size_t queued_count() const noexcept;     ///< commands not yet written whole
  [[nodiscard]] std::size_t in_flight_count() const noexcept;  ///< written, not yet answered
  [[nodiscard]] const Counters& counters() const noexcept;

  /// Takes no more commands; waits up to `deadline` for the issued ones to complete, then closes. `done` is called once, on
  /// the loop.
  void close(std::chrono::milliseconds deadline, std::function<void()> done = {});

 private:
  std::shared_ptr<ClientCore> core_;
};

}  // namespace socketio::redis
