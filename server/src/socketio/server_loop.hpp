#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include <socketio/net/loop.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/server/engine.hpp>
#include <socketio/server/engine_socket.hpp>
#include <socketio/server/http.hpp>
#include <socketio/server/options.hpp>
#include <socketio/server/static_files.hpp>

#include "engine/cors.hpp"
#include "http/http_router.hpp"
#include "loop_context.hpp"
#include "namespace_lookup.hpp"

namespace socketio::server {

/// The part of a server that is on one of its loops: owns its thread, HTTP, and Engine.IO. For that loop's thread, unless
/// stated otherwise.
class ServerLoop final : public LoopContext {
 public:
  using OnEngineSocket = std::function<void(EngineSocket)>;

  /// `sharing`  the connections of all loops, and how to pass one to another loop; empty when there is one.
  ServerLoop(ServerContext& of_server, NamespaceSource& namespaces, std::shared_ptr<Loop> on, std::size_t loop_index,
             HttpSharing sharing);
  /// Stops its thread; must not run on that thread.
  ~ServerLoop();

  // ---- from the application's thread ----
  /// Starts its thread. Throws Error(bad_option) when the system cannot create one.
  void start();
  /// Closes all sessions, stops the thread, and waits for that. Does nothing when there is no thread.
  void finish();

  void serve_engine(const EngineOptions& bare, const std::shared_ptr<const OnEngineSocket>& on_connection);
  void close_engines();
  /// Accepts sessions again.
  void reopen();
  /// After close_engines(): calls `drained` once all clients over long polling have fetched their messages, at the latest after
  /// `deadline_ms`. Before this returns when there are none.
  void drain(std::uint64_t deadline_ms, std::function<void()> drained);
  /// Also from other threads.
  [[nodiscard]] ServerCounters all_counters() const;

  NamespaceLookup connections;
  HttpRouter routes;
  std::unique_ptr<EngineServer> engine;
  std::unique_ptr<HttpServer> http;

 private:
  void run();
  [[nodiscard]] std::vector<EngineServer*> engines() const;
  void handle(const std::shared_ptr<HttpExchange>& exchange);
  void dispatch(HttpExchange& exchange);
  bool serve_client(HttpExchange& exchange);
  [[nodiscard]] EngineOptions guarded_engine_options();

  std::vector<std::unique_ptr<EngineServer>> bare_engines_;
  const EngineOptions engine_options_;
  Cors client_cors_;
  StaticFiles client_files_;
  StaticFiles static_files_;
  net::Timer drain_timer_;
  std::thread thread_;
  bool ended_ = false;
};

}  // namespace socketio::server
