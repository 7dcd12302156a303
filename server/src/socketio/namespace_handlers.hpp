#pragma once

#include <functional>
#include <mutex>
#include <string_view>
#include <vector>

#include <socketio/server/handler.hpp>
#include <socketio/server/socket.hpp>

#include "socket_handlers.hpp"

namespace socketio::server {

/// Functions that an application has registered on a namespace. They are added on the first loop, and called on each.
class NamespaceHandlers {
 public:
  void use(std::function<void(Socket, Next)> middleware);
  void on_connection(std::function<void(Socket)> handler);
  /// Throws Error(reserved_event) for an event that servers do not send.
  void on_server_side(std::string_view event, EventHandler handler);

  // ---- on each loop of the server ----
  [[nodiscard]] Listeners<Socket, Next>::Functions middlewares() const;
  [[nodiscard]] Listeners<Socket>::Functions connection_handlers() const;

  // ---- on the first loop ----
  [[nodiscard]] EventHandlers take_server_side(std::string_view event) { return take_handlers(server_side_, event); }
  /// Takes over the functions of a parent namespace. Needs no lock: no other thread knows this namespace yet.
  void inherit(const NamespaceHandlers& parent);

 private:
  mutable std::mutex lock_;  ///< for middlewares_ and connection_
  Listeners<Socket, Next> middlewares_;
  Listeners<Socket> connection_;
  std::vector<SocketHandlers::Entry> server_side_;
};

}  // namespace socketio::server
