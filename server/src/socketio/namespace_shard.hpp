#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/room_index.hpp>
#include <socketio/adapter/shard.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/server/frame.hpp>
#include <socketio/server/handler.hpp>

#include "backlog.hpp"

namespace socketio::server {

class NamespaceCore;
class ServerLoop;
class SocketCore;

/// An event for the sockets of one loop, encoded when the first of them needs it.
struct Encoded {
  FrameRef frame = {};
  bool failed = false;  ///< it cannot be encoded; that has been counted
};

/// A namespace's sockets on one loop. For that loop's thread, except where stated: with several loops some methods are for all
/// threads, at the cost of a lock around each change of the index.
class NamespaceShard final : public adapter::Shard {
 public:
  NamespaceShard(NamespaceCore& of_nsp, ServerLoop& home);

  [[nodiscard]] NamespaceCore& nsp() const noexcept { return nsp_; }
  /// The loop's part of the server; null once the namespace has ended. From any thread.
  [[nodiscard]] ServerLoop* home() const noexcept { return home_.load(std::memory_order_relaxed); }
  /// Also valid after the namespace has ended, and from any thread.
  [[nodiscard]] Loop& loop() const noexcept { return *loop_; }
  [[nodiscard]] bool is_first() const noexcept { return place_ == 0; }
  [[nodiscard]] std::size_t place() const noexcept { return place_; }
  [[nodiscard]] Backlog& backlog() const noexcept { return *backlog_; }
  void detach() noexcept { home_.store(nullptr, std::memory_order_relaxed); }

  // ---- its sockets ----
  [[nodiscard]] const adapter::RoomIndex& index() const noexcept { return index_; }
  void add(SocketCore& socket);
  void remove(SocketCore& socket);
  void join(SocketCore& socket, std::string_view room);
  void leave(SocketCore& socket, std::string_view room);

  // ---- from any thread ----
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<std::shared_ptr<SocketCore>> sockets() const;
  /// Null when the socket is not in this shard.
  [[nodiscard]] std::shared_ptr<SocketCore> find(std::string_view id) const;
  [[nodiscard]] bool has_room(std::string_view room) const override;
  /// True when a selected socket may be here, now or once operations that are already posted have arrived.
  [[nodiscard]] bool may_have(const adapter::Selection& selection) const;
  /// Announces a posted operation that puts sockets into rooms here: until arrived(), every room may have sockets.
  void expect() noexcept { ++expected_; }
  void arrived() noexcept { --expected_; }

  // ---- the adapter's side ----
  void apply(const adapter::ShardOperation& operation) override;
  void apply(const adapter::ShardOperation& operation, Encoded& encoded);
  /// Encodes the event unless that is done; false, and counted, when it cannot be encoded.
  bool encode(const adapter::ShardOperation& operation, Encoded& encoded);
  void deliver_with_ack(const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                        std::shared_ptr<adapter::AckListener> listener) override;
  /// `frame`  the event, encoded with the ack id.
  void ask(const FrameRef& frame, const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
           const std::shared_ptr<adapter::AckListener>& listener);
  void fetch(const adapter::Selection& selection, adapter::Form form, std::function<void(adapter::Sockets)> done) override;
  void rooms(std::function<void(std::vector<std::string>)> done) override;
  void set_observer(adapter::RoomObserver* observer) override { index_.set_observer(observer); }

  // ---- calls of the application's functions, for this loop's sockets or on its thread ----
  /// Calls a function of the application. False when it threw; that is counted and reported.
  template <typename Call>
  bool guard(std::string_view what, std::string_view socket_id, Call call) {
    try {
      call();
      return true;
    } catch (const std::exception& error) {
      threw(what, socket_id, error.what());
    } catch (...) {
      threw(what, socket_id, "something that is no std::exception");
    }
    return false;
  }
  void call_handler(const EventHandler& handler, EventCall& call, std::string_view event, std::string_view socket_id);

 private:
  /// Returns owning pointers to the sockets, because an operation on one may end others.
  [[nodiscard]] std::vector<std::shared_ptr<SocketCore>> collect(const adapter::Selection& selection);
  void deliver(const adapter::ShardOperation& operation, Encoded& encoded);
  void tell_outgoing(const std::vector<std::shared_ptr<SocketCore>>& listening, Bytes data);
  void report_misfit(const Misfit& misfit, const Arguments& arguments, std::string_view event, std::string_view socket_id);
  void threw(std::string_view what, std::string_view socket_id, std::string_view message);
  /// Locks the index while it changes, and while other threads read it.
  [[nodiscard]] std::unique_lock<std::mutex> lock() const {
    return is_shared_ ? std::unique_lock(lock_) : std::unique_lock<std::mutex>();
  }

  NamespaceCore& nsp_;
  std::atomic<ServerLoop*> home_;
  const std::shared_ptr<Loop> loop_;
  const std::shared_ptr<Backlog> backlog_;
  const std::size_t place_;
  const bool is_shared_;  ///< the server has several loops
  std::atomic<std::uint32_t> expected_ = 0;
  mutable std::mutex lock_;
  adapter::RoomIndex index_;
  std::size_t answer_bytes_ = 0;  ///< of the last result of fetch(): the next one is likely to be as long
};

}  // namespace socketio::server
