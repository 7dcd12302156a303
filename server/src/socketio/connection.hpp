#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/protocol/socketio_packet.hpp>
#include <socketio/server/engine.hpp>

#include "http/deadline_queue.hpp"
#include "loop_context.hpp"
#include "namespace_core.hpp"
#include "socket_core.hpp"

namespace socketio::server {

class Connection;

/// The connections' view of the server on their loop: it looks up the namespaces that clients connect to.
class ConnectionHost {
 public:
  explicit ConnectionHost(LoopContext& on);
  /// Looks up the namespace of a client's CONNECT, and calls Connection::enter(), now or later.
  virtual void find_namespace(Connection& connection, std::string_view name, Bytes auth) = 0;
  /// Number of a connection's CONNECTs that wait for their namespace.
  [[nodiscard]] virtual std::size_t waiting_count(const Connection& connection) const = 0;
  [[nodiscard]] virtual bool is_waiting(const Connection& connection, std::string_view name) const = 0;
  /// The connection has ended.
  virtual void forget(const Connection& connection) = 0;

  LoopContext& home;
  DeadlineQueue connect_due;  ///< of clients that have not joined a namespace yet

 protected:
  ~ConnectionHost() = default;
};

/// One client's connection: assembles its messages to packets, and passes them to its sockets, one per namespace, which it
/// owns. Owns itself until the session has ended.
///
/// As a QueuedDeadline it waits for the client to join its first namespace.
class Connection final : public SessionListener,
                         public SocketOwner,
                         public QueuedDeadline,
                         public std::enable_shared_from_this<Connection> {
 public:
  /// Creates a connection for a new session.
  static void begin(ConnectionHost& host, Session& session);
  Connection(ConnectionHost& host, Session& session);
  ~Connection() override;

  [[nodiscard]] bool is_open() const noexcept { return open_; }
  void on_connect_due();
  /// Continues a CONNECT once its namespace is looked up; `nsp` is null when there is no such namespace.
  void enter(std::string_view name, Bytes auth, const std::shared_ptr<NamespaceCore>& nsp);

 private:
  void on_message(Bytes data, bool binary) override;
  void on_too_large() override;
  void on_closed(CloseReason reason) override;
  void on_joined() override { stop(); }
  void refuse(std::string_view nsp, std::string_view message, Bytes data) override;
  void forget(const SocketCore& socket) override;
  void disconnect_all() override;

  [[nodiscard]] std::shared_ptr<SocketCore> find(std::string_view nsp) const;
  void take(const socketio_packet::Packet& packet);
  struct HeldEvents;
  void hold(const std::shared_ptr<SocketCore>& socket, const socketio_packet::Packet& packet);
  void drop_held(const SocketCore& socket);
  void release_held();
  void connect(std::string_view name, Bytes auth);
  void connect_revision4(std::string_view nsp);
  void violate(socketio_packet::Violation violation);
  void close_for_wrong_state();
  void deny(std::string_view nsp, std::string_view message);
  void send_connect_error(std::string_view nsp, std::string_view message, Bytes data, int revision);

  ConnectionHost& host_;
  LoopContext& home_;
  std::shared_ptr<Connection> self_;
  socketio_packet::Reassembler reassembler_;
  std::vector<std::shared_ptr<SocketCore>> sockets_;  ///< not ended
  std::unique_ptr<HeldEvents> held_;                  ///< made when the client first sends several messages together
  bool open_ = true;
};

}  // namespace socketio::server
