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

/// An event on its way to the sockets of one loop: put into a frame when the first of them needs it.
struct Encoded {
  FrameRef frame = {};
  bool failed = false;  ///< it cannot be; that has been counted
};

/// A namespace's sockets on one loop. For that loop's thread, but for what says otherwise: where a server has several, these
/// are for all of them, at the cost of a lock around each change of the index.
class NamespaceShard final : public adapter::Shard {
 public:
  NamespaceShard(NamespaceCore& of_nsp, ServerLoop& home);

  [[nodiscard]] NamespaceCore& nsp() const noexcept { return nsp_; }
  /// Null once the namespace has ended. From any thread.
  [[nodiscard]] ServerLoop* home() const noexcept { return home_.load(std::memory_order_relaxed); }
  /// Also then, and from any thread.
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
  /// Null when it is not here.
  [[nodiscard]] std::shared_ptr<SocketCore> find(std::string_view id) const;
  [[nodiscard]] bool has_room(std::string_view room) const override;
  /// Somebody here may be meant, now or by the time that what is on its way has come.
  [[nodiscard]] bool may_have(const adapter::Selection& selection) const;
  /// Something that puts sockets into rooms is on its way here, and until arrived() nobody knows who will be where.
  void expect() noexcept { ++expected_; }
  void arrived() noexcept { --expected_; }

  // ---- the adapter's side ----
  void deliver(const adapter::Selection& selection, Bytes data, const Flags& flags) override;
  void deliver(const adapter::Selection& selection, Bytes data, const Flags& flags, Encoded& encoded);
  void deliver_with_ack(const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                        std::shared_ptr<adapter::AckListener> listener) override;
  /// `frame`  the same event, with the id.
  void ask(const FrameRef& frame, const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
           const std::shared_ptr<adapter::AckListener>& listener);
  void join(const adapter::Selection& selection, const adapter::RoomNames& rooms) override;
  void leave(const adapter::Selection& selection, const adapter::RoomNames& rooms) override;
  void disconnect(const adapter::Selection& selection, bool close) override;
  void fetch(const adapter::Selection& selection, adapter::Form form, std::function<void(adapter::Sockets)> done) override;
  void rooms(std::function<void(std::vector<std::string>)> done) override;
  void set_observer(adapter::RoomObserver* observer) override { index_.set_observer(observer); }

  // ---- calls of the application's functions, for this loop's sockets or on its thread ----
  /// False when it threw; that is counted and told.
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
  void call_handler(const EventHandler& handler, const EventCall& call, std::string_view event, std::string_view socket_id);

 private:
  /// The sockets themselves, held: what is done to one may end others.
  [[nodiscard]] std::vector<std::shared_ptr<SocketCore>> collect(const adapter::Selection& selection);
  void tell_outgoing(const std::vector<std::shared_ptr<SocketCore>>& listening, Bytes data);
  void threw(std::string_view what, std::string_view socket_id, std::string_view message);
  /// Held while the index changes, and while other threads look at it.
  [[nodiscard]] std::unique_lock<std::mutex> lock() const {
    return is_shared_ ? std::unique_lock(lock_) : std::unique_lock<std::mutex>();
  }

  NamespaceCore& nsp_;
  std::atomic<ServerLoop*> home_;
  const std::shared_ptr<Loop> loop_;
  const std::shared_ptr<Backlog> backlog_;
  const std::size_t place_;
  const bool is_shared_;  ///< there are others
  std::atomic<std::uint32_t> expected_ = 0;
  mutable std::mutex lock_;
  adapter::RoomIndex index_;
  std::size_t answer_bytes_ = 0;  ///< of the last answer to fetch(): the next one is likely to be as long
};

}  // namespace socketio::server
