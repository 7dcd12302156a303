#pragma once

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
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>

// What connects the sockets of a namespace with each other: on this server, and with those on other servers.
namespace socketio::adapter {

/// Connection-state recovery: clients whose connection was lost go on where they were.
struct RecoveryOptions {
  bool enabled = false;
  std::uint32_t max_disconnection_ms = 120'000;  ///< how long sessions and packets are kept
  std::size_t packets_max = 100'000;             ///< kept at most, per namespace; the oldest go first
  std::size_t packet_bytes_max = 64U << 20;      ///< the same in bytes
  std::size_t sessions_max = 100'000;            ///< per namespace; the oldest go first
};

/// Time, as an adapter needs it. Everything runs on the adapter's loop.
class SOCKETIO_API Scheduler {
 public:
  using TimerId = std::uint64_t;
  virtual ~Scheduler();
  /// Milliseconds that never go back.
  [[nodiscard]] virtual std::uint64_t now_ms() const = 0;
  /// Milliseconds since 1970.
  [[nodiscard]] virtual std::int64_t wall_ms() const = 0;
  virtual TimerId call_after(std::uint64_t after_ms, std::function<void()> function) = 0;
  /// Does nothing for one that has been called, or 0.
  virtual void cancel(TimerId timer) = 0;
};

/// A namespace, as its adapter sees it. Outlives the adapter.
class SOCKETIO_API Host {
 public:
  virtual ~Host();
  [[nodiscard]] virtual std::string_view nsp() const = 0;
  [[nodiscard]] virtual std::span<Shard* const> shards() = 0;
  [[nodiscard]] virtual Scheduler& scheduler() = 0;
  [[nodiscard]] virtual Random& random() = 0;
  [[nodiscard]] virtual const RecoveryOptions& recovery() const = 0;
  /// For acks: one counter for all sockets of the namespace, from 0.
  [[nodiscard]] virtual std::uint64_t next_ack_id() = 0;
  /// An event from another server. `answer` is empty when the sender wants none, and takes the packed array of the answer.
  virtual void on_server_side_event(Bytes data, std::function<bool(Bytes array)> answer) = 0;
};

/// What an operation is addressed to. Borrowed.
struct Target {
  std::span<const Room> rooms = {};   ///< free of duplicates; empty: every socket of the namespace
  std::span<const Room> except = {};  ///< free of duplicates
  Flags flags = {};
  bool local = false;  ///< the sockets of this server only
};

/// What a broadcast with acks came to.
struct AckSummary {
  bool timed_out = false;
  std::size_t clients_asked = 0;    ///< as far as servers told
  std::size_t servers_missing = 0;  ///< that did not tell how many clients they asked
  std::vector<Buffer> acks;         ///< each a msgpack array of arguments, in the order of arrival
  [[nodiscard]] std::size_t clients_missing() const noexcept {
    return clients_asked > acks.size() ? clients_asked - acks.size() : 0;
  }
};
using AckDone = std::function<void(AckSummary)>;
/// One client's answer, as it comes.
using AckArrived = std::function<void(Bytes arguments)>;

struct FetchedSockets {
  Sockets sockets;                  ///< msgpack
  std::size_t servers_missing = 0;  ///< that did not answer in time
};
using FetchDone = std::function<void(FetchedSockets)>;

/// What a server-side event with ack came to.
struct ServerAnswers {
  bool timed_out = false;
  std::size_t servers_asked = 0;
  std::vector<Buffer> answers;  ///< each one msgpack value
};
using ServerAnswersDone = std::function<void(ServerAnswers)>;

struct AdapterCounters {
  std::uint64_t broadcasts = 0;      ///< made here
  std::uint64_t sessions_saved = 0;  ///< for recovery
  std::uint64_t sessions_recovered = 0;
  std::uint64_t recoveries_failed = 0;  ///< a client asked for a session that is not there, or no longer whole
  std::uint64_t packets_dropped = 0;    ///< stored packets given up before their time, because of the limit

  // with other servers
  std::uint64_t messages = 0;         ///< that came by the bus
  std::uint64_t dropped_absent = 0;   ///< for rooms that nobody here is in, by their channel alone
  std::uint64_t dropped_own = 0;      ///< this server's own, come back
  std::uint64_t dropped_nsp = 0;      ///< of another namespace, on a channel with the same name
  std::uint64_t malformed = 0;        ///< dropped because they could not be read, or would hurt
  std::uint64_t foreign_answers = 0;  ///< to questions that others asked, or that are over
  std::uint64_t duplicate_answers = 0;
  std::uint64_t entries_failed = 0;      ///< entries of streams, and sessions, that Redis did not take
  std::uint64_t requests_timed_out = 0;  ///< questions that not everybody answered in time
};

/// One namespace's exchange of events. All calls are made on one loop, where its callbacks run, too. A callback is called
/// once: with everything, or at the deadline with what came until then; never after the adapter's end.
class SOCKETIO_API Adapter {
 public:
  virtual ~Adapter();

  virtual void broadcast(const Target& target, Bytes data) = 0;
  /// `flags.timeout_ms()` is the deadline; without it, Adapter::ack_timeout_ms.
  virtual void broadcast_with_ack(const Target& target, Bytes data, AckArrived arrived, AckDone done) = 0;
  virtual void join(const Target& target, std::span<const Room> rooms) = 0;
  virtual void leave(const Target& target, std::span<const Room> rooms) = 0;
  virtual void disconnect(const Target& target, bool close) = 0;
  virtual void fetch(const Target& target, FetchDone done) = 0;
  virtual void all_rooms(std::function<void(std::vector<std::string>)> done) = 0;
  /// Servers that have this namespace, this one among them; 1 when Redis does not tell in time.
  virtual void server_count(std::function<void(std::size_t)> done) = 0;
  virtual void server_side_emit(Bytes data) = 0;
  virtual void server_side_emit_with_ack(Bytes data, ServerAnswersDone done) = 0;

  /// Packets are kept, so that clients can recover: everything for a single socket must pass broadcast(), too.
  [[nodiscard]] virtual bool keeps_packets() const noexcept = 0;
  virtual void save(SavedSession session) = 0;
  /// A client comes back. Nothing when there is no such session, or packets since `offset` are no longer there.
  virtual void recover(std::string_view pid, std::string_view offset,
                       std::function<void(std::optional<SavedSession>)> done) = 0;
  /// What a recovered client has missed; nothing when that can no longer be told. It must be among the shard's sockets when
  /// `done` returns: what comes from then on is delivered to it.
  virtual void catch_up(const SavedSession& session, std::string_view offset,
                        std::function<void(std::optional<MissedPackets>)> done) = 0;

  /// Calls `done(true)` once everything is subscribed to that brings events of other servers to `rooms`: at once where nothing
  /// is to be subscribed to, or Redis has confirmed all of it already and the connection was not lost since. `done(false)` when
  /// that is not known after a few seconds (Redis is away), when Redis refuses one of these subscriptions, and for rooms that
  /// no socket is in any more. Refused channels of other rooms have no effect.
  virtual void when_subscribed(std::span<const Room> rooms, std::function<void(bool subscribed)> done);

  /// Calls `done` when this server's sockets have been given what was broadcast so far: at once where nothing is waited for.
  virtual void when_delivered(std::function<void()> done) { done(); }

  [[nodiscard]] virtual AdapterCounters counters() const = 0;
  /// Ends what waits, with what came until now.
  virtual void close() = 0;

  static constexpr std::uint32_t ack_timeout_ms = 20'000;
};

/// Makes the adapter of each namespace.
using AdapterFactory = std::function<std::unique_ptr<Adapter>(Host& host)>;

}  // namespace socketio::adapter
