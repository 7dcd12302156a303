#pragma once

#include <uv.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <vector>

#include <socketio/net/loop.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/net/turn_end.hpp>

namespace socketio::net {

/// State shared by all objects on a loop: libuv handles, timers, TurnEnd requests and one read buffer.
///
/// libuv releases a handle only through a callback on a later turn. So a Loop does not delete its core: it calls close(), and
/// the core deletes itself in the last close callback.
class Core final {
 public:
  static constexpr std::size_t read_bytes = 64 * 1024;

  /// Throws Error(bad_option) when the system gives no descriptor.
  explicit Core(uv_loop_t* uv);
  /// Closes all handles. Afterwards only libuv's callbacks may use the core.
  void close();

  [[nodiscard]] static Core& of(Loop& loop);
  [[nodiscard]] uv_loop_t* uv() const noexcept { return uv_; }
  [[nodiscard]] std::uint64_t now_ms() const noexcept { return uv_now(uv_); }
  [[nodiscard]] std::uint64_t fresh_now_ms();
  /// Buffer for socket reads; allocated at first use.
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
  ~Core();
  void open(int status, void* handle);
  void arm_timer() noexcept;
  void keep_turning() noexcept;
  void rest_if_done() noexcept;
  void run_posted() noexcept;
  void end_turn() noexcept;
  void run_due_timers() noexcept;

  uv_loop_t* uv_;
  uv_async_t async_{};      ///< wakes the loop for post()
  uv_prepare_t prepare_{};  ///< calls end_turn() before the loop waits for events
  uv_check_t check_{};      ///< runs due timers after the sockets were polled; started when timer_ fires
  uv_idle_t idle_{};        ///< active while the next turn has work: keeps the loop running and stops it from waiting
  uv_timer_t timer_{};
  std::vector<uv_handle_t*> handles_;
  std::size_t closing_count_ = 0;

  std::set<std::tuple<std::uint64_t, std::uint64_t, Timer*>> timers_;  ///< ordered by due time, then by order of start
  std::uint64_t timer_sequence_ = 0;
  bool timers_due_ = false;
  std::vector<TurnEnd*> turn_ends_;
  std::vector<TurnEnd*> ending_;  ///< requests of the turn that is ending; null where one was destroyed meanwhile

  std::unique_ptr<char[]> read_buffer_;
  std::atomic<std::thread::id> thread_;
  std::mutex posted_lock_;
  std::vector<std::function<void()>> posted_;
  bool refusing_posts_ = false;
};

}  // namespace socketio::net

namespace socketio {

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override;
};

/// A signal handler of Loop::on_signal(). Deleted in libuv's close callback.
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
  SystemRandom random;
};

}  // namespace socketio
