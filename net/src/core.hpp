#pragma once

#include <uv.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <socketio/common/clock.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/net/turn_end.hpp>

namespace socketio::net {

/// What every object on a loop shares: its handles, its timers, the work of the turn's end, one read buffer.
///
/// libuv gives memory of handles back only by callback, on a later turn. So a core is not owned by its Loop alone: close() lets
/// it go, and it deletes itself with the last callback.
class Core final : public Clock {
 public:
  static constexpr std::size_t read_bytes = 64 * 1024;

  /// Throws Error(bad_option) when the system gives no descriptor.
  explicit Core(uv_loop_t* uv);
  /// Nothing but libuv's own callbacks may use the core afterwards.
  void close();

  [[nodiscard]] static Core& of(Loop& loop);
  [[nodiscard]] uv_loop_t* uv() const noexcept { return uv_; }
  [[nodiscard]] std::uint64_t now_ms() const override { return uv_now(uv_); }
  [[nodiscard]] std::uint64_t fresh_now_ms();
  /// Room for what is read; allocated at first use.
  [[nodiscard]] uv_buf_t read_buffer();

  void post(std::function<void()> function);
  void refuse_posts();

  void enter_thread() noexcept { thread_.store(std::this_thread::get_id(), std::memory_order_relaxed); }
  [[nodiscard]] bool on_thread() const noexcept {
    return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

  void start(Timer& timer, std::uint64_t delay_ms);
  void stop(Timer& timer) noexcept;
  void enqueue(TurnEnd& turn_end);
  void forget(TurnEnd& turn_end) noexcept;

 private:
  ~Core() override;
  void open(int status, void* handle);
  void arm_timer() noexcept;
  void keep_turning() noexcept;
  void rest_if_done() noexcept;
  void run_posted() noexcept;
  void end_turn() noexcept;
  void run_due_timers() noexcept;

  uv_loop_t* uv_;
  uv_async_t async_{};      ///< wakes the loop for post()
  uv_prepare_t prepare_{};  ///< the end of a turn
  uv_check_t check_{};      ///< after the sockets: due timers; started when the timer fires
  uv_idle_t idle_{};        ///< active while there is work for the next turn: the loop neither ends nor waits
  uv_timer_t timer_{};
  std::vector<uv_handle_t*> handles_;
  std::size_t closing_count_ = 0;

  std::set<std::tuple<std::uint64_t, std::uint64_t, Timer*>> timers_;  ///< by due time, then by order of starting
  std::uint64_t timer_sequence_ = 0;
  bool timers_due_ = false;
  std::vector<TurnEnd*> turn_ends_;
  std::vector<TurnEnd*> ending_;  ///< those of the turn that is being ended; null where one was destroyed meanwhile

  std::unique_ptr<char[]> read_buffer_;
  std::atomic<std::thread::id> thread_;
  std::mutex posted_lock_;
  std::vector<std::function<void()>> posted_;
  bool refusing_posts_ = false;
};

}  // namespace socketio::net

namespace socketio {

/// A signal that is waited for. Deletes itself when libuv has let it go.
struct SignalWait {
  uv_signal_t handle{};
  std::function<void()> function;
};

struct Loop::Internals {
  net::Core* core = nullptr;
  uv_loop_t own{};
  bool owned = false;
  std::unordered_map<TimerId, std::unique_ptr<net::Timer>> timers;  ///< of call_after()
  TimerId last_timer = 0;
  std::vector<SignalWait*> signals;
};

}  // namespace socketio
