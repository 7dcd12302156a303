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
/// This form needs no loop: it does its work inside its calls, on the calling thread. Any thread may call; a lock keeps each
/// thread's emits in order. emit() puts the message into a buffer and writes when enough has gathered; flush() writes the rest
/// and waits for Redis' answers. Between calls nothing runs. A connection that was lost meanwhile is noticed and replaced at
/// the next call.
///
/// A process that forks afterwards may use it on both sides: the child gets a connection of its own at its first emit, its
/// counts begin at zero, and what waited at the time of the fork is the parent's to send. (An AsyncEmitter is for the process
/// that made it: its loop is the application's.)
///
/// Cost       one packing, one copy into the output buffer, no allocation for `emit` with one room once the buffers have grown.
class SOCKETIO_API Emitter : public NamespaceEmitter {
 public:
  /// Does not connect yet. Throws Error(bad_url), Error(unsupported_url), Error(bad_option).
  explicit Emitter(std::string_view url = "redis://127.0.0.1:6379", EmitterOptions options = {});
  explicit Emitter(redis::Options redis, EmitterOptions options = {});
  /// close() with the options' close timeout. What could not be sent by then is lost: it is counted, told to `on_result`, and
  /// logged as an error. Call flush() or close() before to know in time.
  ~Emitter();
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;

  /// Connects and logs in now, trying once. Returns why it failed; empty when the emitter is ready. Emitting does not need it:
  /// this is for programs that would rather fail at once.
  [[nodiscard]] std::string connect(std::chrono::milliseconds timeout);

  /// Writes what has gathered and waits until every emit has ended, for at most `timeout`; tells what became of the emits that
  /// ended since the last flush(). What still waits then goes on waiting.
  EmitSummary flush(std::chrono::milliseconds timeout);
  /// Does what is possible without waiting: writes, reads answers.
  void poll();
  /// flush(), after which what still waits ends as not_sent or unconfirmed. Emitting throws Error(closed) from then on.
  EmitSummary close(std::chrono::milliseconds timeout);

  /// From now on emits go to the fleet that these options describe: transports, key, streams and modes are taken, the rest
  /// stays as it was. Of an emitter with Transport::automatic, instead of looking. Throws like the constructor.
  void use_fleet(const EmitterOptions& fleet);
  /// Lends the connection for other commands than emits: calls `ask`, which gives them to the client and must not wait, then
  /// waits until `done()`, for at most `timeout`; returns what `done()` said last. The callbacks of the commands run in this
  /// call or a later one, under the emitter's lock: they must not call the emitter.
  bool with_client(const std::function<void(redis::Client&)>& ask, const std::function<bool()>& done,
                   std::chrono::milliseconds timeout);

  /// All emits so far.
  [[nodiscard]] EmitSummary totals() const;
  [[nodiscard]] redis::Counters redis_counters() const;
  /// The state of the connection, as of the last call.
  [[nodiscard]] redis::State state() const;

 private:
  explicit Emitter(std::unique_ptr<emitter::BlockingCore> core);
  std::unique_ptr<emitter::BlockingCore> core_;
};

/// The same on the application's event loop, for use on the loop's thread only. Nothing blocks; emits are written at the end of
/// the loop's turn.
class SOCKETIO_API AsyncEmitter : public NamespaceEmitter {
 public:
  /// `on_result`  hears how each emit ended; required, so that no failure is silent. Called on the loop's thread. (It replaces
  ///              the one in `options`.)
  /// Connecting begins at once. Throws like Emitter().
  AsyncEmitter(Loop& loop, std::string_view url, OnResult on_result, EmitterOptions options = {});
  AsyncEmitter(Loop& loop, redis::Options redis, OnResult on_result, EmitterOptions options = {});
  /// What still waits ends as not_sent or unconfirmed, during this call.
  ~AsyncEmitter();
  AsyncEmitter(const AsyncEmitter&) = delete;
  AsyncEmitter& operator=(const AsyncEmitter&) = delete;

  /// Calls `done` when every emit made so far has ended, at the latest after `timeout`, with what became of the emits that
  /// ended since the last flush() was done.
  void flush(std::chrono::milliseconds timeout, std::function<void(const EmitSummary&)> done);
  /// Lets what waits finish for up to `timeout`, then ends it. Emitting throws Error(closed) from now on.
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
