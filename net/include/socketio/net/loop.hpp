#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include <socketio/common/export.hpp>
#include <socketio/common/random.hpp>

struct uv_loop_s;

namespace socketio {

/// An event loop: either its own libuv loop or the application's. A loop and all objects on it belong to one thread; only
/// post() may be called from other threads. Objects on a loop must be destroyed before it.
class SOCKETIO_API Loop {
 public:
  /// Owns a new libuv loop. Throws std::bad_alloc, or Error(bad_option) when the system has no file descriptor left.
  Loop();
  /// Uses the application's libuv loop, which must outlive this object. After this object and all objects on it are destroyed,
  /// the application must run its loop once more before it calls uv_loop_close().
  explicit Loop(uv_loop_s* adopted);
  /// Runs an owned loop until all its handles have closed.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] uv_loop_s* uv() const noexcept;

  /// Runs until no active handle is left, or until stop() is called.
  void run();
  /// Makes run() return at the end of the loop's current turn.
  void stop() noexcept;
  /// Handles all events that are ready and returns without waiting.
  void poll();
  /// Runs the loop until `done` returns true or `timeout` has passed. Returns the last result of `done`.
  bool run_until(const std::function<bool()>& done, std::chrono::milliseconds timeout);

  /// Calls `function` on the loop's thread; posted functions run in the order of the post() calls. Safe from any thread.
  /// Functions that have not run when the loop is destroyed are dropped. An exception that leaves `function` terminates the
  /// program, as in a std::thread; the same holds for call_after().
  void post(std::function<void()> function);

  using TimerId = std::uint64_t;
  /// Calls `function` once, on the loop's thread, when `after` has passed. All timers of a loop share one libuv
  /// handle. Must be called on the loop's thread, which is asserted: in a server with several threads a handler may run on
  /// another loop's thread.
  TimerId call_after(std::chrono::milliseconds after, std::function<void()> function);
  /// Cancels a timer. Does nothing when the timer has already been called, or for 0.
  void cancel(TimerId timer) noexcept;

  /// Calls `function` on the loop's thread whenever the process receives the signal (SIGTERM, SIGINT, ...), instead of the
  /// signal's default action. Does not keep the loop running. Throws Error(bad_option) for a signal that cannot be caught.
  void on_signal(int signal, std::function<void()> function);

  /// The loop's time at the start of its current turn.
  [[nodiscard]] std::uint64_t now_ms() const noexcept;
  /// The operating system's random source. It has no state, and may be used on any thread while the loop exists.
  [[nodiscard]] Random& random() noexcept;
  /// True on the loop's thread: the one that created the loop, or the last one that called run(), run_until(), poll() or
  /// enter_thread().
  [[nodiscard]] bool on_loop_thread() const noexcept;

  /// Makes the calling thread the loop's thread. For code that runs one loop from several threads under a lock.
  void enter_thread() noexcept;

  /// For a child process that was forked after this loop was created: closes the child's copies of the loop's descriptors, so
  /// that connections close when the parent closes them. Afterwards neither the loop nor any object on it may be used or
  /// destroyed.
  void leave_to_parent() noexcept;

  struct Internals;
  /// For the library's own classes.
  [[nodiscard]] Internals& internals() noexcept { return *internals_; }

 private:
  std::unique_ptr<Internals> internals_;
};

}  // namespace socketio
