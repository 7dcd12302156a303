#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/room_index.hpp>
#include <socketio/adapter/shard.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/server/engine.hpp>
#include <socketio/server/frame.hpp>

#include "loop_context.hpp"
#include "pending_acks.hpp"
#include "socket_data.hpp"
#include "socket_handlers.hpp"
#include "socket_namespace.hpp"
#include "socket_shard.hpp"

namespace socketio::server {

class SocketCore;

/// Owner of the sockets of one client: its connection, as they know it.
class SocketOwner {
 public:
  explicit SocketOwner(Session& session) noexcept : session_(session) {}
  /// Valid until the last socket has ended.
  [[nodiscard]] Session& session() const noexcept { return session_; }
  /// A socket has passed its middlewares.
  virtual void on_joined() = 0;
  virtual void refuse(std::string_view nsp, std::string_view message, Bytes data) = 0;
  /// A socket has ended.
  virtual void forget(const SocketCore& socket) = 0;
  /// Disconnects all sockets, and closes the connection.
  virtual void disconnect_all() = 0;

 protected:
  ~SocketOwner() = default;
  Session& session_;
};

/// State of a socket whose session can be recovered after its connection is lost.
struct SocketRecovery {
  std::string pid;                         ///< private id of the session
  std::string offset;                      ///< of the last event that was sent to it; its client names it when it reconnects
  std::uint64_t recoverable_until_ms = 0;  ///< once it has ended
  bool recovered = false;                  ///< it continues the session of a lost socket
};

/// One client in one namespace, from its CONNECT to its end; the state behind the handle Socket. Its connection and the handles
/// own it; it keeps its namespace alive.
///
///   connecting   middlewares are called; rooms joined now are entered later
///   connected    in the namespace's index; the client receives the response to its CONNECT
///   ended        removed from everything; the handlers are destroyed
class SocketCore final : public adapter::Member, public std::enable_shared_from_this<SocketCore> {
 public:
  enum class State : std::uint8_t { connecting, connected, ending, ended };

  /// `auth`   msgpack object, or empty.
  /// `shard`  keeps its namespace alive.
  SocketCore(std::shared_ptr<SocketShard> shard, SocketOwner& owner, std::string id, Bytes auth);
  ~SocketCore();

  [[nodiscard]] SocketShard& shard() const noexcept { return *shard_; }
  [[nodiscard]] SocketNamespace& nsp() const noexcept { return shard_->nsp(); }
  /// The server's loop that it belongs to; null once the namespace has ended.
  [[nodiscard]] LoopContext* home() const noexcept { return shard_->home(); }
  /// Null once it has ended.
  [[nodiscard]] SocketOwner* owner() const noexcept { return owner_; }
  [[nodiscard]] Session* session() const noexcept { return owner_ != nullptr ? &owner_->session() : nullptr; }
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool is_connected() const noexcept { return state_ == State::connected; }
  /// Handlers may still send: it is connected, or on_disconnecting() is being called.
  [[nodiscard]] bool may_send() const noexcept { return is_connected() || state_ == State::ending; }
  void check_thread() const;

  /// The registered handlers; null once the socket has ended.
  [[nodiscard]] SocketHandlers* handlers();
  /// As handlers(); also null while none is registered.
  [[nodiscard]] SocketHandlers* find_handlers() const noexcept { return handlers_.get(); }
  [[nodiscard]] SocketHandlers::Others* other_handlers() const noexcept {
    return handlers_ ? handlers_->others.get() : nullptr;
  }
  [[nodiscard]] bool has_outgoing_listeners() const noexcept {
    return other_handlers() != nullptr && !other_handlers()->any_outgoing.empty();
  }
  /// Calls the listeners of events that are sent.
  void notify_outgoing(Bytes event);
  [[nodiscard]] PendingAcks& acks() { return rare().acks; }
  bool send(const FrameRef& frame, bool is_volatile = false) {
    return owner_ != nullptr && owner_->session().send(frame, is_volatile);
  }

  /// Joins: false when it would be in too many rooms.
  bool join(std::string_view room);
  void leave(std::string_view room);
  [[nodiscard]] std::vector<std::string> rooms() const;

  /// Takes over the saved session of a lost socket.
  void restore(const adapter::SavedSession& session);
  /// Undoes restore(), and takes a new id.
  void reset(std::string id);
  /// Connected from now on.
  void enter();
  void disconnect(bool close);
  /// Ends the socket: leaves its rooms and its namespace. The connection itself is not touched, and nothing is sent.
  void end(CloseReason reason);

  SocketData data;
  std::unique_ptr<SocketRecovery> recovery;  ///< with connection-state recovery

 private:
  /// Members that few sockets need, or only for a short time.
  struct Rare {
    std::vector<std::string> early_rooms;  ///< joined before it is connected
    PendingAcks acks;
  };

  [[nodiscard]] Rare& rare();

  std::shared_ptr<SocketShard> shard_;
  SocketOwner* owner_;
  std::unique_ptr<SocketHandlers> handlers_;
  std::unique_ptr<Rare> rare_;
  State state_ = State::connecting;
};

}  // namespace socketio::server
