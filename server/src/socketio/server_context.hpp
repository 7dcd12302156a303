#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include <socketio/adapter/adapter.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/server/options.hpp>

#include "backlog.hpp"

namespace socketio::server {

/// Milliseconds since 1970.
[[nodiscard]] std::int64_t wall_ms();

/// Clock and timers of a loop, for adapters.
class LoopScheduler final : public adapter::Scheduler {
 public:
  explicit LoopScheduler(Loop& loop) noexcept : loop_(loop) {}
  [[nodiscard]] std::uint64_t now_ms() const override { return loop_.now_ms(); }
  [[nodiscard]] std::int64_t wall_ms() const override { return server::wall_ms(); }
  TimerId call_after(std::chrono::milliseconds after, std::function<void()> function) override {
    return loop_.call_after(after, std::move(function));
  }
  void cancel(TimerId timer) override { loop_.cancel(timer); }

 private:
  Loop& loop_;
};

/// Makes the application's source of randomness safe for several threads.
class LockedRandom final : public Random {
 public:
  explicit LockedRandom(Random& source) noexcept : source_(source) {}
  void fill(std::span<std::uint8_t> bytes) override {
    const std::lock_guard guard(lock_);
    source_.fill(bytes);
  }

 private:
  std::mutex lock_;
  Random& source_;
};

/// Options and services that all loops and namespaces of a server share. Outlives them.
class ServerContext {
 public:
  /// Throws Error(bad_option).
  ServerContext(Loop& first_loop, ServerOptions server_options);
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  [[nodiscard]] bool is_threaded() const noexcept { return options.threads > 1; }
  /// Passes a problem to the application. From any thread.
  void report(const Problem& problem);

  Loop& loop;  ///< the application's, on which the adapters run
  const ServerOptions options;
  std::optional<LockedRandom> locked_random;
  Random& random;  ///< for the threads of all loops
  LoopScheduler scheduler;
  const std::shared_ptr<Backlog> first_backlog;  ///< of the operations that other loops have posted to the first one

 private:
  std::recursive_mutex report_lock_;
};

}  // namespace socketio::server
