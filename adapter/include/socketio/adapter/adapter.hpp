#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/selection.hpp>
#include <socketio/adapter/shard.hpp>
#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/random.hpp>
#include <socketio/fleet/operation.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>

// Exchange of events between the sockets of a namespace: on this server, and on other servers.
namespace socketio::adapter {

/// Connection-state recovery: clients that reconnect continue their session and receive the packets they missed.
struct RecoveryOptions {
  bool enabled = false;
  std::chrono::milliseconds max_disconnection{120'000};  ///< time for which sessions and packets are kept
  std::size_t packets_max = 100'000;                     ///< kept per namespace; the oldest are dropped first
  std::size_t packet_bytes_max = 64U << 20;              ///< bytes of packets kept per namespace; the oldest are dropped first
  std::size_t sessions_max = 100'000;                    ///< kept per namespace; the oldest are dropped first
};

/// Clock and timers for an adapter. Everything runs on the adapter's loop.
class SOCKETIO_API Scheduler {
 public:
  using TimerId = std::uint64_t;
  virtual ~Scheduler();
  /// Milliseconds of a clock that never goes back.
  [[nodiscard]] virtual std::uint64_t now_ms() const = 0;
  /// Milliseconds since 1970.
  [[nodiscard]] virtual std::int64_t wall_ms() const = 0;
  virtual TimerId call_after(std::chrono::milliseconds after, std::function<void()> function) = 0;
  /// Has no effect for a timer that has been called, or for 0.
  virtual void cancel(TimerId timer) = 0;
};

/// A namespace's interface to its adapter. Outlives the adapter.
class SOCKETIO_API Host {
 public:
  virtual ~Host();
  [[nodiscard]] virtual std::string_view nsp() const = 0;
  [[nodiscard]] virtual std::span<Shard* const> shards() = 0;
  [[nodiscard]] virtual Scheduler& scheduler() = 0;
  [[nodiscard]] virtual Random& random() = 0;
  [[nodiscard]] virtual const RecoveryOptions& recovery() const = 0;
  /// Next id of an ack: one counter for all sockets of the namespace, from 0.
  [[nodiscard]] virtual std::uint64_t next_ack_id() = 0;
  /// Handles an event from another server. `answer` takes the packed array of the response; empty when the sender wants none.
  virtual void on_server_side_event(Bytes data, std::function<bool(Bytes array)> answer) = 0;
};

/// Result of a broadcast with acks.
struct AckSummary {
  bool timed_out = false;
  std::size_t clients_asked = 0;    ///< as reported by the servers
  std::size_t servers_missing = 0;  ///< servers that did not report how many clients they asked
  std::vector<Buffer> acks;         ///< each a msgpack array of arguments, in the order of arrival
  [[nodiscard]] std::size_t clients_missing() const noexcept {
    return clients_asked > acks.size() ? clients_asked - acks.size() : 0;
  }
};
using AckDone = std::function<void(AckSummary)>;
/// Called for each client's ack as it arrives.
using AckArrived = std::function<void(Bytes arguments)>;

struct FetchedSockets {
  Sockets sockets;                  ///< msgpack
  std::size_t servers_missing = 0;  ///< servers that did not respond in time
};
using FetchDone = std::function<void(FetchedSockets)>;

/// Result of a server-side event with ack.
struct ServerAnswers {
  bool timed_out = false;
  std::size_t servers_asked = 0;
  std::vector<Buffer> answers;  ///< each one msgpack value
};
using ServerAnswersDone = std::function<void(ServerAnswers)>;

struct AdapterCounters {
  std::uint64_t broadcasts = 0;      ///< made by this server
  std::uint64_t sessions_saved = 0;  ///< for recovery
  std::uint64_t sessions_recovered = 0;
  std::uint64_t recoveries_failed = 0;  ///< a client asked for a session that does not exist, or whose packets are incomplete
  std::uint64_t packets_dropped = 0;    ///< stored packets dropped before they expired, because of the limits

  // with other servers
  std::uint64_t messages = 0;         ///< received from the bus
  std::uint64_t dropped_absent = 0;   ///< for rooms without sockets on this server, dropped by their channel alone
  std::uint64_t dropped_own = 0;      ///< this server's own messages, received back
  std::uint64_t dropped_nsp = 0;      ///< of another namespace, on a channel with the same name
  std::uint64_t malformed = 0;        ///< dropped because they could not be decoded, or would do harm
  std::uint64_t foreign_answers = 0;  ///< responses to requests of other servers, or to requests that have ended
  std::uint64_t duplicate_answers = 0;
  std::uint64_t entries_failed = 0;      ///< entries of streams, and sessions, that Redis did not accept
  std::uint64_t requests_timed_out = 0;  ///< requests to which not all servers responded in time
};

/// Exchange of events of one namespace. All calls are made on one loop, where its callbacks run, too. A callback is called
/// once: with the complete result, or at the deadline with the part received until then; never after the adapter is destroyed.
class SOCKETIO_API Adapter {
 public:
  virtual ~Adapter();

  /// Applies an operation to this server's sockets, and publishes it to other servers unless its target is local. The namespace
  /// is the adapter's own. `data` of an event is well formed, its name not reserved; lists of rooms are free of duplicates.
  virtual void apply(const Operation& operation) = 0;
  /// `flags.timeout_ms()` is the deadline; without it, Adapter::ack_timeout_ms.
  virtual void broadcast_with_ack(const Target& target, Bytes data, AckArrived arrived, AckDone done) = 0;
  virtual void fetch(const Target& target, FetchDone done) = 0;
  virtual void all_rooms(std::function<void(std::vector<std::string>)> done) = 0;
  /// Counts the servers that have this namespace, this one among them; 1 when Redis does not respond in time.
  virtual void server_count(std::function<void(std::size_t)> done) = 0;
  virtual void server_side_emit_with_ack(Bytes data, ServerAnswersDone done) = 0;

  /// True when packets are kept so that clients can recover: every event for a single socket must then pass apply(), too.
  [[nodiscard]] virtual bool keeps_packets() const noexcept = 0;
  virtual void save(SavedSession session) = 0;
  /// Finds the session of a client that reconnects. Empty when there is no such session, or packets since `offset` are no
  /// longer kept.
  virtual void recover(std::string_view pid, std::string_view offset,
                       std::function<void(std::optional<SavedSession>)> done) = 0;
  /// Finds the packets that a recovered client has missed; empty when they can no longer be determined. The client's socket
  /// must be among the shard's sockets when `done` returns: later packets are delivered to it.
  virtual void catch_up(const SavedSession& session, std::string_view offset,
                        std::function<void(std::optional<MissedPackets>)> done) = 0;

  /// Calls `done(true)` once all channels that carry events of other servers to `rooms` are subscribed: at once when there is
  /// nothing to subscribe to, or Redis has confirmed all of them already and the connection was not lost since. Calls
  /// `done(false)` when that is not known after a few seconds (Redis is unreachable), when Redis refuses one of these
  /// subscriptions, and for rooms that no socket is in any more. Refused channels of other rooms have no effect.
  virtual void when_subscribed(std::span<const Room> rooms, std::function<void(bool subscribed)> done);

  /// Calls `done` when all broadcasts so far have been delivered to this server's sockets: at once when none is pending.
  virtual void when_delivered(std::function<void()> done) { done(); }

  [[nodiscard]] virtual AdapterCounters counters() const = 0;
  /// Ends pending requests with the responses received so far.
  virtual void close() = 0;

  static constexpr std::uint32_t ack_timeout_ms = 20'000;
};

/// Makes the adapter of each namespace.
using AdapterFactory = std::function<std::unique_ptr<Adapter>(Host& host)>;

}  // namespace socketio::adapter
