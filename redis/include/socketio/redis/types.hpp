#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>

namespace socketio::redis {

/// Outcome of a command. Every command completes exactly once, and never before the call that issued it has returned.
enum class Outcome : std::uint8_t {
  ok,           ///< Redis replied
  refused,      ///< Redis replied with an error; `message` is its text ("NOPERM ...")
  not_sent,     ///< Redis has not received it and will not: no connection, queue full or dropped, timeout, closed
  unconfirmed,  ///< it was written, and the connection was lost before the reply: Redis may have executed it
};

/// A reply of Redis.
struct Reply {
  enum class Type : std::uint8_t { nil, integer, text, status, error, array };
  Type type = Type::nil;
  std::int64_t integer = 0;
  std::string text;
  std::vector<Reply> elements;
};

struct CommandResult {
  Outcome outcome = Outcome::ok;
  std::string message;  ///< a sentence or Redis' text when the outcome is not ok
  Reply reply;          ///< valid when the outcome is ok
  /// True when Redis executed the command.
  explicit operator bool() const noexcept { return outcome == Outcome::ok; }
};
using CommandDone = std::function<void(CommandResult)>;

/// Receives the outcomes of publishes. One listener serves many publishes; `tag` tells them apart.
class SOCKETIO_API PublishListener {
 public:
  virtual ~PublishListener();
  /// `receivers`  subscribers that Redis delivered the message to; valid when ok.
  /// `message`    the reason when it is not ok; valid during the call.
  virtual void on_published(std::uint64_t tag, Outcome outcome, std::int64_t receivers, std::string_view message) = 0;
};

/// Receives the messages of the subscriptions that it was given to.
class SOCKETIO_API MessageListener {
 public:
  virtual ~MessageListener();
  /// Both views point into the connection's read buffer and are valid during the call.
  virtual void on_message(std::string_view channel, Bytes payload) = 0;
  /// Redis has confirmed the subscription, initially and again after each reconnect, or refused it (then `error` is not empty).
  /// After a retry of a refused subscription this is called only if the result differs.
  virtual void on_subscribed(std::string_view channel_or_pattern, std::string_view error) = 0;
  /// A confirmed subscription was lost without unsubscribe(): its connection was lost, or its slot has moved. Messages
  /// published there are not received until on_subscribed() confirms it again. Not called for a closed client.
  virtual void on_subscription_lost(std::string_view channel_or_pattern);
};

enum class SubscriptionKind : std::uint8_t {
  channel,
  pattern,
  shard,  ///< a channel of sharded pub/sub (Redis 7 and later); its name is independent of other channels
};

enum class State : std::uint8_t {
  idle,          ///< connect() has not been called
  connecting,    ///< attempting to connect, at first or again after a delay
  ready,         ///< logged in, and every subscription made before is confirmed; see unconfirmed_count() for later ones
  refused,       ///< logged in, but Redis has refused a subscription: messages published there are not received
  disconnected,  ///< waiting before the next attempt
  closed,
};

/// Callback for state changes; `message` is a reason for people when the state is `disconnected` or `refused`.
using StateChanged = std::function<void(State state, std::string_view message)>;

/// Counters since the client was created. Every lost command is counted: when all commands have completed, `commands` is the
/// sum of `answered`, `unconfirmed`, `dropped_oldest` and the four `not_sent_...`. In a cluster each command counts once,
/// however many nodes it was sent to; bytes, writes, messages and protocol errors are the sums of all connections; `connects`
/// and `disconnects` count how often the client became ready, and stopped being ready; a failed attempt is one in which no node
/// returned the slots.
struct Counters {
  std::uint64_t commands = 0;  ///< commands issued, including publishes
  std::uint64_t answered = 0;
  std::uint64_t refused = 0;  ///< answered with an error; included in `answered`
  std::uint64_t unconfirmed = 0;
  std::uint64_t not_sent_offline = 0;  ///< failed by OfflinePolicy::fail
  std::uint64_t not_sent_queue_full = 0;
  std::uint64_t dropped_oldest = 0;
  std::uint64_t not_sent_closed = 0;     ///< still waiting when the client was closed, or issued to one that takes no commands
  std::uint64_t not_sent_abandoned = 0;  ///< failed by abandon()
  std::uint64_t messages = 0;            ///< pub/sub messages received
  std::uint64_t subscriptions_refused =
      0;                          ///< refused by Redis, or above the limit; again after a reconnect, not after a retry
  std::uint64_t connects = 0;     ///< connections that became `ready` or `refused`
  std::uint64_t disconnects = 0;  ///< connections that were lost after that
  std::uint64_t failed_attempts = 0;
  std::uint64_t protocol_errors = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t writes = 0;  ///< write calls
};

}  // namespace socketio::redis
