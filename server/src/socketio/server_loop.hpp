#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <socketio/common/buffer.hpp>
#include <socketio/net/listener.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/protocol/socketio_packet.hpp>
#include <socketio/server/engine.hpp>
#include <socketio/server/engine_socket.hpp>
#include <socketio/server/http.hpp>
#include <socketio/server/options.hpp>
#include <socketio/server/static_files.hpp>

#include "backlog.hpp"
#include "http/deadline_queue.hpp"
#include "http/http_router.hpp"
#include "engine/cors.hpp"
#include "packet_writer.hpp"

namespace socketio::server {

class Connection;
class NamespaceCore;
class ServerCore;

/// The part of a server that is on one of its loops: HTTP, Engine.IO, and the state that their sessions share. For that loop's
/// thread, unless stated otherwise.
///
/// The first loop of a server is the application's, and runs the adapters. The others have a thread each. They post their
/// requests to the first one, which outlives them.
class ServerLoop {
 public:
  using OnEngineSocket = std::function<void(EngineSocket)>;

  /// `place`   0 for the application's loop.
  /// `counts`  of the connections on all loops; null when there is one.
  ServerLoop(ServerCore& of_server, std::shared_ptr<Loop> on, std::size_t its_place, std::shared_ptr<net::OpenCounts> counts);
  /// Stops its thread; must not run on that thread.
  ~ServerLoop();
  ServerLoop(const ServerLoop&) = delete;
  ServerLoop& operator=(const ServerLoop&) = delete;

  // ---- from the application's thread ----
  /// Starts its thread. Throws Error(bad_option) when the system cannot create one.
  void start();
  /// Closes all sessions, stops the thread, and waits for that. Does nothing when there is no thread.
  void finish();
  /// The ServerLoop of the calling thread, if start() has started that thread; null otherwise.
  [[nodiscard]] static ServerLoop* current() noexcept;

  void serve_engine(const EngineOptions& bare, const std::shared_ptr<const OnEngineSocket>& on_connection);
  void close_engines();
  /// Accepts sessions again.
  void reopen();
  /// After close_engines(): calls `drained` once all clients over long polling have fetched their messages, at the latest after
  /// `deadline_ms`. Before this returns when there are none.
  void drain(std::uint64_t deadline_ms, std::function<void()> drained);
  /// Also from other threads.
  [[nodiscard]] ServerCounters all_counters() const;
  [[nodiscard]] bool is_first() const noexcept { return place == 0; }

  /// Calls a function of the application. False when it threw; that is counted and reported.
  template <typename Call>
  bool guard(std::string_view nsp, std::string_view what, std::string_view socket_id, Call call) {
    try {
      call();
      return true;
    } catch (const std::exception& error) {
      threw(nsp, what, socket_id, error.what());
    } catch (...) {
      threw(nsp, what, socket_id, "something that is no std::exception");
    }
    return false;
  }

  // ---- look-up of namespaces: the first loop has them, the others request them from it ----
  /// Looks up the namespace of a client's CONNECT, and calls Connection::enter(), now or later.
  void find_namespace(Connection& connection, std::string_view name, Bytes auth);
  /// Number of a connection's CONNECTs that wait for their namespace.
  [[nodiscard]] std::size_t asking_count(const Connection& connection) const {
    return asking_.empty() ? 0 : asking_.count(&connection);
  }
  [[nodiscard]] bool is_asking(const Connection& connection, std::string_view name) const;
  void stop_asking(const Connection& connection) { asking_.erase(&connection); }

  ServerCore& server;
  const std::shared_ptr<Loop> shared_loop;  ///< for users that may outlive this
  Loop& loop;
  const std::size_t place;
  const std::shared_ptr<Backlog> backlog;  ///< of the operations that other loops have posted to this one; shared with those
  ServerCounters counters;                 ///< except those of HTTP and Engine.IO
  PacketWriter writer;
  socketio_packet::Limits packet_limits;
  Buffer scratch;  ///< for packets that are being received
  DeadlineQueue connect_due;
  HttpRouter routes;
  std::unique_ptr<EngineServer> engine;
  std::unique_ptr<HttpServer> http;
  std::size_t emits_under_way = 0;  ///< of this loop's sockets, not yet handled by the first loop

 private:
  /// Pending look-up of the namespace that a client connects to.
  struct Question {
    std::weak_ptr<Connection> connection;
    std::string name;
    Buffer auth;
    std::shared_ptr<NamespaceCore> answer;
  };

  void run();
  [[nodiscard]] std::vector<EngineServer*> engines() const;
  void handle(const std::shared_ptr<HttpExchange>& exchange);
  void dispatch(HttpExchange& exchange);
  bool serve_client(HttpExchange& exchange);
  [[nodiscard]] EngineOptions guarded_engine_options();
  [[nodiscard]] HttpSharing sharing(std::shared_ptr<net::OpenCounts> counts);
  [[nodiscard]] LoopNumber loop_place() const noexcept;
  void threw(std::string_view nsp, std::string_view what, std::string_view socket_id, std::string_view message);
  void ask_first_loop(Connection& connection, std::string_view name, Bytes auth);
  void take_answer(const std::shared_ptr<Question>& question);

  std::vector<std::unique_ptr<EngineServer>> bare_engines_;
  const EngineOptions engine_options_;
  Cors client_cors_;
  StaticFiles client_files_;
  StaticFiles static_files_;
  std::multimap<const Connection*, std::shared_ptr<Question>> asking_;
  /// Namespaces that exist as long as the server.
  std::map<std::string, std::shared_ptr<NamespaceCore>, std::less<>> known_;
  net::Timer drain_timer_;
  std::thread thread_;
  bool ended_ = false;
};

}  // namespace socketio::server
