#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <socketio/common/clock.hpp>
#include <socketio/common/export.hpp>

struct uv_loop_s;

namespace socketio {

/// An event loop: one of its own, or the application's libuv loop. A loop and everything on it belong to one thread; only
/// post() may be called from others. Objects on a loop end before it.
class SOCKETIO_API Loop {
 public:
  /// Owns a new libuv loop. Throws std::bad_alloc, or Error(bad_option) when the system gives no more descriptors.
  Loop();
  /// Uses the application's loop, which outlives this object and must turn once more (with all objects on it closed) before the
  /// application calls uv_loop_close().
  explicit Loop(uv_loop_s* adopted);
  /// An owned loop is run until everything on it has closed.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] uv_loop_s* uv() const noexcept;

  /// Runs until nothing is left to wait for, or stop().
  void run();
  /// Makes run() return at the end of this turn.
  void stop() noexcept;
  /// Handles what is ready now and returns without waiting.
  void poll();
  /// Turns, waiting for events, until `done` says so or `timeout_ms` have passed. Returns what `done` said last.
  bool run_until(const std::function<bool()>& done, std::uint64_t timeout_ms);

  /// Calls `function` on the loop's thread, in the order of the calls. Safe from any thread. What has not run when the loop
  /// ends is dropped. One that throws ends the program, as in a thread of its own; that is true of call_after(), too.
  void post(std::function<void()> function);

  using TimerId = std::uint64_t;
  /// Calls `function` once, on the loop's thread, `after_ms` from now at the earliest. All timers of a loop share one libuv
  /// handle. Only on the loop's thread, which is asserted: a handler of a server with several threads may run on another one.
  TimerId call_after(std::uint64_t after_ms, std::function<void()> function);
  /// Takes a timer back. Does nothing for one that has been called, or 0.
  void cancel(TimerId timer) noexcept;

  /// Calls `function` on the loop's thread whenever the process gets the signal (SIGTERM, SIGINT, ...), instead of what the
  /// system would do. Does not keep the loop running. Throws Error(bad_option) for a signal that cannot be caught.
  void on_signal(int signal, std::function<void()> function);

  /// The loop's time, as of the start of this turn.
  [[nodiscard]] std::uint64_t now_ms() const noexcept;
  /// The same as a Clock; lives as long as the loop.
  [[nodiscard]] const Clock& clock() const noexcept;
  /// True on the thread that the loop belongs to (the one that made it, until run() or run_until() is called on another).
  [[nodiscard]] bool on_loop_thread() const noexcept;

  /// From now on the calling thread is the loop's. For whoever runs a loop under a lock from several threads.
  void enter_thread() noexcept;

  /// In a process that came out of a fork after this loop was made: closes its copies of the descriptors, so that connections
  /// end when the parent ends them. Nothing on the loop may be used, or destroyed, afterwards; nor the loop.
  void leave_to_parent() noexcept;

  struct Internals;
  /// For the library's own objects.
  [[nodiscard]] Internals& internals() noexcept { return *internals_; }

 private:
  std::unique_ptr<Internals> internals_;
};

}  // namespace socketio
