#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/room_index.hpp>
#include <socketio/common/buffer.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/protocol/flags.hpp>
#include <socketio/protocol/room.hpp>
#include <socketio/protocol/socketio_packet.hpp>
#include <socketio/server/engine.hpp>
#include <socketio/server/frame.hpp>
#include <socketio/server/handshake.hpp>
#include <socketio/server/socket.hpp>

#include "engine/engine_request.hpp"
#include "pending_acks.hpp"
#include "socket_handlers.hpp"

namespace socketio::server {

class Connection;
class NamespaceCore;
class NamespaceShard;
class ServerLoop;

/// One client in one namespace, from its CONNECT to its end; the state behind the handle Socket.
///
///   connecting   middlewares are called; rooms joined now are entered later
///   connected    in the namespace's index; the client receives the response to its CONNECT
///   ended        removed from everything; the handlers are destroyed
class SocketCore final : public adapter::Member, public std::enable_shared_from_this<SocketCore> {
 public:
  enum class State : std::uint8_t { connecting, connected, ending, ended };

  /// `auth`  msgpack object, or empty.
  /// `shard`  keeps its namespace alive.
  SocketCore(std::shared_ptr<NamespaceShard> shard, Connection& connection, std::string id, Bytes auth);
  ~SocketCore();

  [[nodiscard]] NamespaceShard& shard() const noexcept { return *shard_; }
  [[nodiscard]] NamespaceCore& nsp() const noexcept;
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool is_connected() const noexcept { return state_ == State::connected; }
  [[nodiscard]] bool recovered() const noexcept { return recovered_; }
  [[nodiscard]] Connection* connection() const noexcept { return connection_; }
  /// Private id of the session; empty without recovery.
  [[nodiscard]] std::string_view pid() const noexcept { return rare_ ? std::string_view(rare_->pid) : std::string_view(); }
  void set_pid(std::string pid) { rare().pid = std::move(pid); }
  [[nodiscard]] Bytes auth() const noexcept { return auth_.bytes(); }
  [[nodiscard]] Bytes data() const noexcept;
  void set_data(Bytes data);
  [[nodiscard]] Handshake handshake() const;
  /// Appends {id, handshake, rooms, data}, msgpack.
  void describe(Buffer& out) const;
  /// Appends the same as JSON. The JSON of the handshake is made once and kept, because sockets are fetched repeatedly. False,
  /// and nothing is appended, when the data is no JSON.
  bool describe_json(Buffer& out);
  /// The registered handlers; null once the socket has ended.
  [[nodiscard]] SocketHandlers* handlers();

  /// Takes over the saved session of a lost socket.
  void restore(const adapter::SavedSession& session);
  /// Undoes restore(), and takes a new id.
  void begin_anew(std::string id);

  // rooms
  void join(std::span<const Room> rooms);
  /// Joins without exceptions: false when it would be in too many rooms.
  bool join(std::string_view room);
  void leave(std::string_view room);
  [[nodiscard]] std::vector<std::string> rooms() const;

  // sending
  bool send(const FrameRef& frame, bool is_volatile = false);
  bool emit(Bytes data, const Flags& flags);
  void emit_with_ack(Bytes data, const Flags& flags, OnAck done);
  /// Sends an event that asks for an ack with this id; false, and nothing is called, when it cannot.
  bool ask(const FrameRef& frame, PendingAcks::Entry entry);
  [[nodiscard]] bool hears_outgoing() const noexcept { return others() != nullptr && !others()->any_outgoing.empty(); }
  void tell_outgoing(Bytes data);

  /// With recovery: stores the offset of the last event that was sent, which its client names when it reconnects.
  void note_offset(std::string_view offset) { rare().offset = offset; }

  // what happens
  void enter();  ///< connected from now on
  /// Handles a received event: calls the listeners of all events, before middlewares and handlers.
  void on_event_arrived(Bytes data);
  /// Passes the event to the middlewares and handlers.
  void on_event(const socketio_packet::Packet& packet);
  void on_ack(const socketio_packet::Packet& packet);
  void on_error(std::string_view message);
  void disconnect(bool close);
  /// Ends the socket: leaves its rooms and its namespace. The connection itself is not touched, and nothing is sent.
  void end(CloseReason reason);

 private:
  /// Members that few sockets need, or only for a short time.
  struct Rare {
    std::string pid;                         ///< with recovery
    std::string offset;                      ///< with recovery: of the last event that was sent to it
    std::uint64_t recoverable_until_ms = 0;  ///< once it has ended
    Buffer data;                             ///< once it is set
    std::vector<std::string> early_rooms;    ///< joined before it is connected
    PendingAcks acks;
    std::unique_ptr<PackedRequest> last_request;  ///< once the connection is gone
    Buffer handshake_json;                        ///< once the socket was fetched as JSON
  };

  /// The server's loop that it belongs to; null once the namespace has ended.
  [[nodiscard]] ServerLoop* home() const noexcept;
  void check_thread() const;
  /// True when its connection was lost, and its client may still recover the session.
  [[nodiscard]] bool is_awaited() const noexcept;
  [[nodiscard]] Rare& rare();
  [[nodiscard]] SocketHandlers::Others* others() const noexcept { return handlers_ ? handlers_->others.get() : nullptr; }
  [[nodiscard]] Ack ack_for(std::optional<std::int64_t> id);
  void answer(std::int64_t id, Bytes array);
  void pass_middlewares(std::shared_ptr<Buffer> data, const Ack& ack, std::size_t index);
  void dispatch(Bytes data, const Ack& ack);
  void tell_end(Listeners<std::string_view>& listeners, const char* what, std::string_view reason);
  void save_session(CloseReason reason);
  void disconnect_later(bool close);
  void fail_acks();

  std::shared_ptr<NamespaceShard> shard_;
  Connection* connection_;  ///< null once ended
  std::int64_t issued_ms_;
  Buffer auth_;
  std::unique_ptr<SocketHandlers> handlers_;
  std::unique_ptr<Rare> rare_;
  State state_ = State::connecting;
  bool recovered_ = false;
};

[[nodiscard]] bool is_recoverable(CloseReason reason) noexcept;

}  // namespace socketio::server
