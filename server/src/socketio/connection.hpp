#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include <socketio/common/bytes.hpp>
#include <socketio/protocol/socketio_packet.hpp>
#include <socketio/server/engine.hpp>

#include "http/deadline_queue.hpp"
#include "socket_core.hpp"

namespace socketio::server {

class NamespaceCore;
class ServerLoop;

/// One client's connection: assembles its messages to packets, and passes them to its sockets, one per namespace. Owns itself
/// until the session has ended.
///
/// As a QueuedDeadline it waits for the client to join its first namespace.
class Connection final : public SessionListener, public QueuedDeadline, public std::enable_shared_from_this<Connection> {
 public:
  /// Creates a connection for a new session.
  static void begin(ServerLoop& home, Session& session);
  Connection(ServerLoop& home, Session& session);
  ~Connection() override;

  /// Valid until the last socket has ended.
  [[nodiscard]] Session& session() const noexcept { return *session_; }
  [[nodiscard]] bool is_open() const noexcept { return open_; }

  /// A socket has passed its middlewares.
  void on_joined() noexcept { stop(); }
  void refuse(std::string_view nsp, std::string_view message, Bytes data = {});
  /// A socket has ended.
  void forget(const SocketCore& socket);
  /// Leaves all namespaces, and closes the connection.
  void disconnect_all();
  void on_connect_due();
  /// Continues a CONNECT once its namespace is looked up; `nsp` is null when there is no such namespace.
  void enter(std::string_view name, Bytes auth, const std::shared_ptr<NamespaceCore>& nsp);

 private:
  void on_message(Bytes data, bool binary) override;
  void on_too_large() override;
  void on_closed(CloseReason reason) override;

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

  ServerLoop& home_;
  Session* session_;
  std::shared_ptr<Connection> self_;
  socketio_packet::Reassembler reassembler_;
  std::vector<std::shared_ptr<SocketCore>> sockets_;  ///< not ended
  std::unique_ptr<HeldEvents> held_;                  ///< made when the client first sends several messages together
  bool open_ = true;
};

}  // namespace socketio::server
