#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/common/error.hpp>
#include <socketio/common/export.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/server/broadcast_operator.hpp>
#include <socketio/server/engine_socket.hpp>
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
/// Everything runs on the loop, on its thread. From other threads: what addresses clients (emit, to, sockets_join, ... of
/// Server and Namespace), and Loop::post(). What handlers throw is caught, counted and told to ServerOptions::on_problem.
///
/// With ServerOptions::threads it has that many loops, this one among them. Each client stays on one of them, and what its
/// sockets' handlers do runs on that one's thread. Predicates, on_new_namespace() and on_server_side() stay on this one.
///
/// Source: docs/wire_server.md.
class SOCKETIO_API Server : public Namespace {
 public:
  /// Throws Error(bad_option): a path that does not begin with "/", a depth_max that is not possible, so many threads.
  explicit Server(Loop& loop, ServerOptions options = {});
  /// Cuts what close() has not ended, and waits for its threads. Not to be destroyed inside a handler of its own: post it.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Listens on an address in numbers, or "localhost". Several calls listen on several. Returns why it failed ("port 3000 is in
  /// use"), or empty text. Port 0 finds a free one. "::" serves IPv4, too. After close() has called back, it begins anew.
  [[nodiscard]] std::string listen(const std::string& host, std::uint16_t port);
  /// Of the last listen() that succeeded.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// The namespace of that name, made when it is asked for first. (The server itself is the namespace "/".) On the server's
  /// other threads it must have been made before: Error(not_supported). A comma ends a name on the wire, so no client could
  /// join: Error(bad_option). Call it for its effect, too: clients may connect to a namespace only once it is there.
  Namespace of(std::string_view name);
  /// Namespaces that clients may ask for by names that are not known before. Predicates are asked in the order of registration
  /// with the name and the client's auth.
  Namespace of(std::function<bool(std::string_view name, const Value& auth)> predicate);
  /// Hears of each namespace that a predicate has made.
  void on_new_namespace(std::function<void(Namespace nsp)> listener);

  /// Bare Engine.IO on another path ("/engine.io/"), with the same options, beside the Socket.IO of this server.
  void serve_engine(const std::string& path, std::function<void(EngineSocket socket)> on_connection);

  [[nodiscard]] std::size_t connection_count() const noexcept;  ///< Engine.IO sessions
  [[nodiscard]] ServerCounters counters() const;

  /// Ends in order: no new connections; sockets hear "server shutting down"; their clients see the connection end, and will
  /// try again elsewhere. `done` is called once, when nothing is left, at the latest after `deadline`; not when the server is
  /// destroyed before.
  void close(std::chrono::milliseconds deadline, std::function<void()> done);

 private:
  explicit Server(std::shared_ptr<server::ServerCore> core);
  std::shared_ptr<server::ServerCore> server_;
};

/// The members of fetched sockets that need the whole of BroadcastOperator.
template <typename... Args>
void RemoteSocket::emit(const Args&... event_and_args) const {
  target().emit(event_and_args...);
}

}  // namespace socketio
