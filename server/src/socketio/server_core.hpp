#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/common/status.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/protocol/event_data.hpp>
#include <socketio/server/namespace.hpp>
#include <socketio/server/options.hpp>

#include "namespace_core.hpp"
#include "server_loop.hpp"

namespace socketio::server {

/// Clock and timers of a loop, for adapters.
class LoopScheduler final : public adapter::Scheduler {
 public:
  explicit LoopScheduler(Loop& loop) noexcept : loop_(loop) {}
  [[nodiscard]] std::uint64_t now_ms() const override { return loop_.now_ms(); }
  [[nodiscard]] std::int64_t wall_ms() const override;
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

/// State of one server: its loops, its namespaces, and what they share. For the application's loop, unless stated otherwise.
class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  ServerCore(Loop& server_loop, ServerOptions server_options);
  ~ServerCore();
  ServerCore(const ServerCore&) = delete;
  ServerCore& operator=(const ServerCore&) = delete;

  /// Returns a namespace, and creates it if needed. On other threads of the server it must exist: throws Error(not_supported).
  std::shared_ptr<NamespaceCore> of(std::string_view name);
  std::shared_ptr<NamespaceCore> add_model(NamespaceCore::Predicate predicate);
  /// Returns the namespace that a client connects to; null when there is none, and no predicate creates it.
  std::shared_ptr<NamespaceCore> namespace_for(std::string_view name, Bytes auth);
  /// Removes a namespace that was created for clients and has none left.
  void forget(NamespaceCore& nsp);
  void serve_engine(const std::string& path, std::function<void(EngineSocket)> on_connection);

  // ---- from the thread of any of its loops ----
  [[nodiscard]] const std::vector<std::unique_ptr<ServerLoop>>& loops() const noexcept { return loops_; }
  [[nodiscard]] ServerLoop& first() const noexcept { return *loops_.front(); }
  [[nodiscard]] bool is_threaded() const noexcept { return options.threads > 1; }
  /// Calls `function` on the first loop, unless the server has ended by then.
  void post_to_first(std::function<void(ServerCore&)> function);
  void post_to(std::size_t place, std::function<void(ServerLoop&)> function);
  void report(const Problem& problem);
  [[nodiscard]] static std::int64_t wall_ms();

  [[nodiscard]] std::size_t connection_count() const noexcept;
  [[nodiscard]] ServerCounters all_counters() const;
  Status listen(const std::string& host, std::uint16_t port);
  void close(std::chrono::milliseconds deadline, std::function<void()> done);

  Loop& loop;
  const ServerOptions options;
  std::optional<LockedRandom> locked_random;
  Random& random;  ///< for the threads of all loops
  LoopScheduler scheduler;
  std::function<void(Namespace)> on_new_namespace;

 private:
  struct Closing;

  [[nodiscard]] std::shared_ptr<NamespaceCore> find(std::string_view name) const;
  void make_loops();
  void close_adapters();
  void end_sessions(const std::shared_ptr<Closing>& closing);
  void loop_drained(const std::shared_ptr<Closing>& closing);
  void loop_closed(const std::shared_ptr<Closing>& closing);
  void end_closings();

  std::shared_ptr<net::OpenCounts> counts_;  ///< with several loops
  std::vector<std::unique_ptr<ServerLoop>> loops_;
  mutable std::mutex namespaces_lock_;  ///< held when namespaces_ changes, and by other threads that read it
  std::map<std::string, std::shared_ptr<NamespaceCore>, std::less<>> namespaces_;
  std::vector<std::shared_ptr<NamespaceCore>> models_;
  /// Namespaces that have ended, until the end of the turn; shared with the posted function that detaches them.
  std::shared_ptr<std::vector<std::shared_ptr<NamespaceCore>>> ended_ =
      std::make_shared<std::vector<std::shared_ptr<NamespaceCore>>>();
  std::size_t children_ = 0;  ///< namespaces that predicates have created
  std::vector<std::shared_ptr<Closing>> closings_;  ///< calls of close() in progress
  bool closed_ = false;
  net::Timer closing_timer_;  ///< keeps the application's loop running until the other loops are closed, too
  std::recursive_mutex report_lock_;
};

/// Name of an event as it is registered with handlers: numbers in JavaScript's form.
[[nodiscard]] std::string event_name_text(const event_data::Name& name);

}  // namespace socketio::server
