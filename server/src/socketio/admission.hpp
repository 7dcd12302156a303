#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/server/frame.hpp>
#include <socketio/server/socket.hpp>

#include "namespace_core.hpp"
#include "socket_core.hpp"

namespace socketio::server {

/// Admission of a socket to a namespace: recovery, middlewares, and then the response to its CONNECT. On the socket's loop,
/// except for the adapter's part.
///
/// Source: docs/wire_server.md, "Connection to namespaces" and "Connection-state recovery".
class Admission : public std::enable_shared_from_this<Admission> {
 public:
  /// Begins the admission of a client that connects. It ends by itself.
  static void begin(NamespaceCore& nsp, std::shared_ptr<SocketCore> socket);
  Admission(NamespaceCore& nsp, std::shared_ptr<SocketCore> socket);

 private:
  /// False when its client has disconnected meanwhile, or the namespace has ended.
  [[nodiscard]] bool is_alive() const noexcept {
    return socket_->state() == SocketCore::State::connecting && shard().home() != nullptr;
  }
  [[nodiscard]] SocketShard& shard() const noexcept { return socket_->shard(); }
  [[nodiscard]] bool is_recovered() const noexcept { return socket_->recovery != nullptr && socket_->recovery->recovered; }
  /// True when the id is in use: by the first of two clients with the same private id, or by an old connection that still
  /// exists. On the first loop.
  [[nodiscard]] bool is_taken(std::string_view id) const;
  /// Calls `function` on the socket's loop: now, if that is the first one. On the first loop.
  void on_socket_loop(std::function<void()> function);

  void recover(const std::string& pid);
  void take_session(std::optional<adapter::SavedSession> session);
  void start();
  void ask_middleware();
  void catch_up();
  void take_missed(const std::optional<adapter::MissedPackets>& missed);
  /// Encodes the missed packets. False when they could fill the client's queue.
  [[nodiscard]] bool write_missed(const adapter::MissedPackets& missed, std::vector<FrameRef>& frames) const;
  void let_in(const std::vector<FrameRef>& missed);

  const std::shared_ptr<NamespaceCore> nsp_;
  const std::shared_ptr<SocketCore> socket_;
  Listeners<Socket, Next>::Functions middlewares_;
  std::size_t next_ = 0;
  std::string offset_;             ///< of a recovered one: the last packet its client has received
  adapter::SavedSession session_;  ///< of a recovered one
};

}  // namespace socketio::server
