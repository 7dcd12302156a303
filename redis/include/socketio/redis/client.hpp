#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/random.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/net/random.hpp>
#include <socketio/redis/options.hpp>

namespace socketio::redis {

/// How a command ended. Every command ends exactly once, and never before the call that gave it has returned.
enum class Outcome : std::uint8_t {
  ok,           ///< Redis answered
  refused,      ///< Redis answered with an error; `message` is its text ("NOPERM ...")
  not_sent,     ///< Redis has not seen it and will not: no connection, queue full or dropped, deadline, closed
  unconfirmed,  ///< it was written, and the connection ended before the answer: Redis may have done it
};

/// One answer of Redis.
struct Reply {
  enum class Type : std::uint8_t { nil, integer, text, status, error, array };
  Type type = Type::nil;
  std::int64_t integer = 0;
  std::string text;
  std::vector<Reply> elements;
};

struct CommandResult {
  Outcome outcome = Outcome::ok;
  std::string message;  ///< a sentence or Redis' text when it is not ok
  Reply reply;          ///< when it is ok
};
using CommandDone = std::function<void(CommandResult)>;

/// Hears how publishes ended. One listener serves many publishes; `tag` tells them apart.
class SOCKETIO_API PublishListener {
 public:
  virtual ~PublishListener();
  /// `receivers`  subscribers that Redis handed the message to; meaningful when ok.
  /// `message`    why, when it is not ok; good during the call.
  virtual void on_published(std::uint64_t tag, Outcome outcome, std::int64_t receivers, std::string_view message) = 0;
};

/// Hears what arrives on the subscriptions it was given to.
class SOCKETIO_API MessageListener {
 public:
  virtual ~MessageListener();
  /// Both views point into the connection's read buffer and are good during the call.
  virtual void on_message(std::string_view channel, Bytes payload) = 0;
  /// Redis has confirmed the subscription, at first and again after each reconnect, or refused it (`error` is not empty then).
  /// When a refused one is asked for again, this is called if the answer is another one.
  virtual void on_subscribed(std::string_view channel_or_pattern, std::string_view error) = 0;
  /// A confirmed subscription has ended without being taken back: its connection was lost, or its slot has moved. What is
  /// published there does not arrive until on_subscribed() says that it is confirmed again. Not called for a closed client.
  virtual void on_subscription_lost(std::string_view channel_or_pattern);
};

enum class SubscriptionKind : std::uint8_t {
  channel,
  pattern,
  shard,  ///< a channel of sharded pub/sub (Redis 7 and later): a space of names of its own
};

enum class State : std::uint8_t {
  idle,          ///< not asked to connect yet
  connecting,    ///< first attempt, or a later one after a wait
  ready,         ///< logged in, and every subscription given until then is confirmed; see unconfirmed_count() for later ones
  refused,       ///< logged in, but Redis has refused a subscription: what is published there does not arrive
  disconnected,  ///< waiting before the next attempt
  closed,
};

/// What a listener is told when the state changes; `message` says why, for people, when it is `disconnected` or `refused`.
using StateChanged = std::function<void(State state, std::string_view message)>;

/// Everything counted since the client was made. Nothing is lost without one of these going up: when all has ended, `commands`
/// is the sum of `answered`, `unconfirmed`, `dropped_oldest` and the four `not_sent_...`. In a cluster that holds for the
/// whole, however many nodes a command saw; bytes, writes, messages and protocol errors are the sums of all connections;
/// `connects` and `disconnects` are how often the client became ready, and was so no more; a failed attempt is one in which no
/// node told the slots.
struct Counters {
  std::uint64_t commands = 0;  ///< given, publishes included
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;  ///< answered with an error
  std::uint64_t unconfirmed = 0;
  std::uint64_t not_sent_offline = 0;  ///< OfflinePolicy::fail
  std::uint64_t not_sent_queue_full = 0;
  std::uint64_t dropped_oldest = 0;
  std::uint64_t not_sent_closed = 0;     ///< still waiting when the client was closed, or given to one that takes none
  std::uint64_t not_sent_abandoned = 0;  ///< abandon()
  std::uint64_t messages = 0;            ///< pub/sub messages received
  std::uint64_t subscriptions_refused =
      0;                          ///< by Redis, or one too many; again after a reconnect, not when it was just asked for again
  std::uint64_t connects = 0;     ///< connections that got ready, or `refused`
  std::uint64_t disconnects = 0;  ///< connections lost after that
  std::uint64_t failed_attempts = 0;
  std::uint64_t protocol_errors = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t writes = 0;  ///< write calls
};

class ClientCore;

/// One connection to one Redis that stays connected: with Topology::sentinel to the one that is the master, with
/// Topology::cluster to each node that is needed. Give subscriptions a client of their own: a connection that subscribes takes
/// no other commands.
///
/// Everything happens on the loop's thread. Commands are gathered and written at the end of the loop's turn. When the
/// connection is lost, commands that were written whole end as `unconfirmed`, the others wait or fail as OfflinePolicy says;
/// the client reconnects with growing waits until it is closed, and subscribes again before it calls itself ready.
///
/// With sentinels, each attempt asks them which server is the master, and makes sure of it by ROLE (which the user must be
/// allowed). While it is ready the client is subscribed to all of them, on connections of their own, and leaves a master that
/// they have replaced.
///
/// In a cluster
/// - PUBLISH, and every other command without a key, goes to one node, chosen by chance and kept as long as it can be reached;
///   SPUBLISH and commands with a key to the owner of the slot. What goes to one slot keeps its order, and so does what goes to
///   no slot; between slots there is no order. Keys of several slots in one command are refused (by Redis: CROSSSLOT).
/// - MOVED and ASK are followed, up to cluster_redirects_max times for one command; TRYAGAIN, CLUSTERDOWN and LOADING are tried
///   again for command_timeout_ms. After that, that is the answer. A slot whose owner is away waits as OfflinePolicy says.
/// - PUBSUB and CLIENT LIST are asked of every node that can be reached, and the answers joined: NUMSUB adds up the counts.
///   What stands between MULTI and EXEC goes to one node, at EXEC.
/// - Channels and patterns are subscribed to at one node; sharded channels at the owners of their slots, which they follow.
/// - `ready` is: the slot map is known, the nodes that were needed so far are connected, and every subscription is confirmed
///   where it lives; `refused`: the same, but for subscriptions that were refused. A node that is needed and lost, and a
///   sharded channel whose slot moves, make it `disconnected` meanwhile.
/// - queue_bytes_max and queued_bytes() are of all nodes together, and count a command's bytes until it has ended, as it may be
///   given again. `drop_oldest` drops what has waited longest for any node. Other limits and timeouts are for each connection.
class SOCKETIO_API Client {
 public:
  /// `random`   for the jitter of reconnecting; borrowed; the system's when null.
  /// Throws     Error(bad_option): files of certificates that cannot be used, no sentinels or no name of the master.
  Client(Loop& loop, Options options, Random* random = nullptr);
  /// Ends like close(0): what waits is not sent. Listeners still hear of it, during this call.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Begins to connect. Commands given before that wait.
  void connect();
  void on_state(StateChanged changed);
  [[nodiscard]] State state() const noexcept;
  /// Why the last attempt or connection ended, or which subscription was refused last; empty when nothing has failed.
  [[nodiscard]] const std::string& last_error() const noexcept;
  /// The last error came from Redis itself (wrong password, no such database), so that trying again is of little use.
  [[nodiscard]] bool last_error_is_refusal() const noexcept;

  /// PUBLISH. `listener` outlives the publish; `payload` and `channel` are copied into the output.
  ///
  /// Cost       one copy into the output buffer and one small queue entry; no allocation once the buffers have grown.
  void publish(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag);

  /// SPUBLISH: to those who are subscribed to the channel by SubscriptionKind::shard. Otherwise as publish().
  void publish_sharded(std::string_view channel, Bytes payload, PublishListener& listener, std::uint64_t tag);

  /// Any other command; `done` is called exactly once.
  void command(std::span<const std::string_view> words, CommandDone done);

  /// From the first one on, the client takes no other commands. `listener` outlives the subscription. Subscribing again to the
  /// same one gives it to the new listener. One that Redis refuses is asked for again every ten times
  /// Options::backoff_max_ms, and after each reconnect: rights may change. Until then the state is `refused`, not `ready`.
  void subscribe(SubscriptionKind kind, std::string_view channel_or_pattern, MessageListener& listener);
  /// Afterwards the listener hears nothing more of this one.
  void unsubscribe(SubscriptionKind kind, std::string_view channel_or_pattern);
  /// Subscriptions that Redis has neither confirmed nor refused since they were given or their connection was lost. One that is
  /// given to a `ready` client does not change the state, and is counted here until Redis has answered.
  [[nodiscard]] std::size_t unconfirmed_count() const noexcept;
  /// `settled` is called each time when unconfirmed_count() has become 0.
  void on_subscriptions(std::function<void()> settled);

  /// Writes what has gathered now, instead of at the end of the turn.
  void flush();
  /// Ends everything that has waited too long already: commands not yet written end as not_sent, written ones as unconfirmed
  /// (the connection is dropped then, as its answers can no longer be matched).
  void abandon(std::string_view why);

  [[nodiscard]] std::size_t queued_bytes() const noexcept;     ///< not yet written
  [[nodiscard]] std::size_t queued_count() const noexcept;     ///< commands not yet written whole
  [[nodiscard]] std::size_t in_flight_count() const noexcept;  ///< written, not yet answered
  [[nodiscard]] const Counters& counters() const noexcept;

  /// Takes no more commands; lets those given finish for up to `deadline_ms`, then closes. `done` is called once, on the loop.
  void close(std::uint64_t deadline_ms, std::function<void()> done = {});

 private:
  std::shared_ptr<ClientCore> core_;
};

}  // namespace socketio::redis
