#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/common/error.hpp>
#include <socketio/common/export.hpp>
#include <socketio/emitter/encoder.hpp>
#include <socketio/emitter/find_transport.hpp>
#include <socketio/emitter/options.hpp>
#include <socketio/emitter/outlet.hpp>
#include <socketio/redis/client.hpp>

namespace socketio {

namespace emitter {
class BlockingCore;
class LoopCore;
}  // namespace emitter

/// Publishes events into a fleet of Socket.IO servers through Redis, from any process, without being a server.
///
///   socketio::Emitter io("redis://127.0.0.1:6379");
///   io.to("kitchen").emit("order", 42, "tea");
///   auto summary = io.flush(5s);
///
/// This form needs no event loop: it works inside its calls, on the calling thread. Any thread may call; a lock keeps each
/// thread's emits in order. emit() appends the message to a buffer and writes once enough bytes are buffered; flush() writes
/// the rest and waits for the replies of Redis. Nothing runs between calls: a lost connection is detected and replaced at the
/// next call. emit() waits for servers that read more slowly than it sends (EmitterOptions::slow_server_wait). The summary
/// counts emits that did not reach every server, as far as Redis reports it: see EmitSummary::reached_all().
///
/// After a fork both parent and child may use it: the child opens its own connection at its first emit, and its counts begin at
/// zero; the parent sends the emits that were queued at the time of the fork. (An AsyncEmitter works only in the process that
/// created it, because its loop belongs to the application.)
///
/// Cost       one packing, one copy into the output buffer, no allocation for `emit` with one room once the buffers have grown.
class SOCKETIO_API Emitter : public NamespaceEmitter {
 public:
  /// Does not connect yet. Throws Error(bad_url), Error(unsupported_url), Error(bad_option).
  explicit Emitter(std::string_view url = "redis://127.0.0.1:6379", EmitterOptions options = EmitterOptions());
  explicit Emitter(redis::Options redis, EmitterOptions options = EmitterOptions());
  /// Calls close() with the options' close timeout. Emits not sent by then are lost: they are counted, reported to `on_result`,
  /// and logged as an error. Call flush() or close() before to detect losses in time.
  ~Emitter();
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;

  /// Connects and authenticates now, with one attempt. Returns the reason for a failure; empty when the emitter is ready.
  /// Optional before emitting: it serves programs that should fail early.
  [[nodiscard]] std::string connect(std::chrono::milliseconds timeout);

  /// Writes the buffered emits and waits until every emit has ended, for at most `timeout`. Returns the outcomes of the emits
  /// that ended since the last flush(). Emits that have not ended by then stay pending.
  EmitSummary flush(std::chrono::milliseconds timeout);
  /// Writes buffered emits and reads replies without waiting.
  void poll();
  /// Calls flush(), then ends the emits that are still pending as not_sent or unconfirmed. Later emits throw Error(closed).
  EmitSummary close(std::chrono::milliseconds timeout);

  /// Directs all later emits to the fleet that these options describe. Takes transports, key, streams and modes; the other
  /// options keep their values. Replaces the detection of Transport::automatic. Throws like the constructor.
  void use_fleet(const EmitterOptions& fleet);
  /// Sends commands other than emits over the emitter's connection: calls `ask`, which gives the commands to the client and
  /// must not wait, then waits until `done()` is true, for at most `timeout`; returns the last result of `done()`. The
  /// callbacks of the commands run in this call or a later one, under the emitter's lock: they must not call the emitter.
  bool with_client(const std::function<void(redis::Client&)>& ask, const std::function<bool()>& done,
                   std::chrono::milliseconds timeout);

  /// Outcomes of all emits so far.
  [[nodiscard]] EmitSummary totals() const;
  [[nodiscard]] redis::Counters redis_counters() const;
  /// The state of the connection, as of the last call.
  [[nodiscard]] redis::State state() const;

 private:
  explicit Emitter(std::unique_ptr<emitter::BlockingCore> core);
  std::unique_ptr<emitter::BlockingCore> core_;
};

/// Emitter on the application's event loop, for use on the loop's thread only. Nothing blocks; emits are written at the end of
/// the loop's turn. It does not wait for slow servers, but counts emits that reached fewer servers than before.
class SOCKETIO_API AsyncEmitter : public NamespaceEmitter {
 public:
  /// `on_result`  called with the outcome of each emit, on the loop's thread; required, so that no failure is silent. (It
  ///              replaces the one in `options`.)
  /// Connecting begins at once. Throws like Emitter().
  AsyncEmitter(Loop& loop, std::string_view url, OnResult on_result, EmitterOptions options = EmitterOptions());
  AsyncEmitter(Loop& loop, redis::Options redis, OnResult on_result, EmitterOptions options = EmitterOptions());
  /// Ends the pending emits as not_sent or unconfirmed, during this call.
  ~AsyncEmitter();
  AsyncEmitter(const AsyncEmitter&) = delete;
  AsyncEmitter& operator=(const AsyncEmitter&) = delete;

  /// Calls `done` when every emit made so far has ended, at the latest after `timeout`, with the outcomes of the emits that
  /// ended since the last flush() completed.
  void flush(std::chrono::milliseconds timeout, std::function<void(const EmitSummary&)> done);
  /// Waits up to `timeout` for the pending emits to end, then ends the rest. Later emits throw Error(closed).
  void close(std::chrono::milliseconds timeout, std::function<void(const EmitSummary&)> done = {});

  void on_state(redis::StateChanged changed);
  [[nodiscard]] EmitSummary totals() const;
  [[nodiscard]] redis::Counters redis_counters() const;
  [[nodiscard]] redis::State state() const;

 private:
  explicit AsyncEmitter(std::shared_ptr<emitter::LoopCore> core);
  std::shared_ptr<emitter::LoopCore> core_;
};

}  // namespace socketio
