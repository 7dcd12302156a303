#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/common/error.hpp>
#include <socketio/common/export.hpp>
#include <socketio/common/status.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/server/broadcast_operator.hpp>
#include <socketio/server/decision.hpp>
#include <socketio/server/engine_socket.hpp>
#include <socketio/server/http_routes.hpp>
#include <socketio/server/namespace.hpp>
#include <socketio/server/options.hpp>
#include <socketio/server/socket.hpp>

namespace socketio {

namespace server {
class ServerCore;
}

/// A Socket.IO server: real Socket.IO clients connect to it.
///
///   socketio::Loop loop;
///   socketio::Server io(loop, options);
///   io.on_connection([](socketio::Socket socket) {
///     socket.join("lobby");
///     socket.on("say", [socket](const std::string& text) { socket.to("lobby").emit("say", text); });
///   });
///   io.listen("127.0.0.1", 3000);
///   loop.run();
///
/// Everything runs on the loop, on its thread. Other threads may use the methods of Server and Namespace that address clients
/// (emit, to, sockets_join, ...), and Loop::post(). Exceptions of handlers are caught, counted and reported to
/// ServerOptions::on_problem.
///
/// With ServerOptions::threads the server has that many loops, this one among them. Each client stays on one loop, and the
/// handlers of its sockets run on that loop's thread. Predicates, on_new_namespace() and on_server_side() run on this one.
///
/// Source: docs/wire_server.md.
class SOCKETIO_API Server : public Namespace {
 public:
  /// Throws Error(bad_option) for a path that does not begin with "/", and for a depth_max or a number of threads that is not
  /// possible.
  explicit Server(Loop& loop, ServerOptions options = {});
  /// Closes at once what close() has not closed, and waits for its threads. Must not be destroyed inside one of its own
  /// handlers: post the destruction.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens on a numeric address, or "localhost". Several calls listen on several addresses. The status converts to true
  /// when it worked; otherwise it has the reason ("port 3000 is in use"). Port 0 selects a free port. "::" serves IPv4, too.
  /// After close() has called `done`, the server may listen again.
  Status listen(const std::string& host, std::uint16_t port);
  /// Port of the last listen() that succeeded.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Returns the namespace of that name, and creates it at the first call. (The server itself is the namespace "/".) Clients
  /// can connect to a namespace only once it is created. Throws Error(not_supported) on the server's other threads when the
  /// namespace does not exist yet, and Error(bad_option) for a name with a comma, which ends a name on the wire, so that no
  /// client could join.
  Namespace of(std::string_view name);
  /// Creates namespaces on demand, when a client connects to a name that is not known yet and the predicate returns true.
  /// Predicates are called in the order of registration with the name and the client's auth.
  Namespace of(std::function<bool(std::string_view name, const Value& auth)> predicate);
  /// Calls `listener` for each namespace that a predicate has created.
  void on_new_namespace(std::function<void(Namespace nsp)> listener);

  /// Serves bare Engine.IO on another path ("/engine.io/"), with the same options, beside the Socket.IO of this server.
  void serve_engine(const std::string& path, std::function<void(EngineSocket socket)> on_connection);

  /// Requests to this server's port that are the application's own, and hooks for all requests.
  [[nodiscard]] HttpRoutes http() const noexcept;

  [[nodiscard]] std::size_t connection_count() const noexcept;  ///< Engine.IO sessions
  [[nodiscard]] ServerCounters counters() const;

  /// Closes in order: accepts no new connections; disconnects sockets with the reason "server shutting down"; closes the
  /// clients' connections, so that clients reconnect elsewhere. `done` is called once, when nothing is left, at the latest
  /// after `deadline`; not when the server is destroyed before.
  void close(std::chrono::milliseconds deadline, std::function<void()> done);

 private:
  explicit Server(std::shared_ptr<server::ServerCore> core);
  std::shared_ptr<server::ServerCore> server_;
};

/// Members of RemoteSocket that need the complete class BroadcastOperator.
template <typename... Args>
void RemoteSocket::emit(const Args&... event_and_args) const {
  target().emit(event_and_args...);
}

}  // namespace socketio
