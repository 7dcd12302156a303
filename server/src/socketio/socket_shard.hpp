#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include <socketio/adapter/room_index.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/server/handler.hpp>

#include "backlog.hpp"
#include "loop_context.hpp"
#include "socket_namespace.hpp"

namespace socketio::server {

/// A namespace on one loop, as its sockets there know it: the index of its sockets and their rooms, and the calls of the
/// application's functions. For that loop's thread, except where stated: with several loops some methods are for all threads,
/// at the cost of a lock around each change of the index.
class SocketShard {
 public:
  SocketShard(SocketNamespace& of_nsp, LoopContext& home);

  [[nodiscard]] SocketNamespace& nsp() const noexcept { return nsp_; }
  /// The loop's part of the server; null once the namespace has ended. From any thread.
  [[nodiscard]] LoopContext* home() const noexcept { return home_.load(std::memory_order_relaxed); }
  /// Also valid after the namespace has ended, and from any thread.
  [[nodiscard]] Loop& loop() const noexcept { return *loop_; }
  [[nodiscard]] bool is_first() const noexcept { return loop_index_ == 0; }
  [[nodiscard]] std::size_t loop_index() const noexcept { return loop_index_; }
  [[nodiscard]] Backlog& backlog() const noexcept { return *backlog_; }
  void detach() noexcept { home_.store(nullptr, std::memory_order_relaxed); }

  // ---- its sockets ----
  [[nodiscard]] const adapter::RoomIndex& index() const noexcept { return index_; }
  void add(adapter::Member& socket);
  void remove(adapter::Member& socket);
  void join(adapter::Member& socket, std::string_view room);
  void leave(adapter::Member& socket, std::string_view room);

  // ---- from any thread ----
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool may_have(std::string_view room) const;
  /// True when a selected socket may be here, now or once operations that are already posted have arrived.
  [[nodiscard]] bool may_have(const adapter::Selection& selection) const;
  /// Announces a posted operation that puts sockets into rooms here: until arrived(), every room may have sockets.
  void expect() noexcept { ++expected_; }
  void arrived() noexcept { --expected_; }

  // ---- calls of the application's functions, for this loop's sockets or on its thread ----
  /// Calls a function of the application. False when it threw; that is counted and reported.
  template <typename Call>
  bool guard(std::string_view what, std::string_view socket_id, Call call) {
    return call_guarded(call, [&](std::string_view message) {
      if (LoopContext* const at = home()) {
        at->threw(nsp_.name(), what, socket_id, message);
      }
    });
  }
  void call_handler(const EventHandler& handler, EventCall& call, std::string_view event, std::string_view socket_id);

 protected:
  ~SocketShard() = default;
  /// Locks the index while it changes, and while other threads read it.
  [[nodiscard]] std::unique_lock<std::mutex> lock() const {
    return is_shared_ ? std::unique_lock(lock_) : std::unique_lock<std::mutex>();
  }

  SocketNamespace& nsp_;
  adapter::RoomIndex index_;

 private:
  void report_misfit(const Misfit& misfit, const Arguments& arguments, std::string_view event, std::string_view socket_id);

  std::atomic<LoopContext*> home_;
  const std::shared_ptr<Loop> loop_;
  const std::shared_ptr<Backlog> backlog_;
  const std::size_t loop_index_;
  const bool is_shared_;  ///< the server has several loops
  std::atomic<std::uint32_t> expected_ = 0;
  mutable std::mutex lock_;
};

}  // namespace socketio::server
