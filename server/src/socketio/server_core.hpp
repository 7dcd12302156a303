#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/common/status.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/server/namespace.hpp>
#include <socketio/server/options.hpp>

#include "namespace_core.hpp"
#include "namespace_lookup.hpp"
#include "server_context.hpp"
#include "server_loop.hpp"

namespace socketio::server {

/// State of one server: owns its loops and its namespaces. For the application's loop, unless stated otherwise.
class ServerCore final : public ServerContext, private NamespaceSource, public std::enable_shared_from_this<ServerCore> {
 public:
  ServerCore(Loop& server_loop, ServerOptions server_options);
  ~ServerCore();

  /// Returns a namespace, and creates it if needed. On other threads of the server it must exist: throws Error(not_supported).
  std::shared_ptr<NamespaceCore> of(std::string_view name);
  std::shared_ptr<NamespaceCore> add_parent(NamespaceCore::Predicate predicate);
  void serve_engine(const std::string& path, std::function<void(EngineSocket)> on_connection);

  [[nodiscard]] ServerLoop& first() const noexcept { return *loops_.front(); }
  /// Calls a function on each loop: on the first now, on the others later.
  void on_each_loop(const std::function<void(ServerLoop&)>& function);
  [[nodiscard]] std::size_t connection_count() const noexcept;
  [[nodiscard]] ServerCounters all_counters() const;
  Status listen(const std::string& host, std::uint16_t port);
  void close(std::chrono::milliseconds deadline, std::function<void()> done);

  std::function<void(Namespace)> on_new_namespace;

 private:
  struct Closing;
  using Closings = std::vector<std::shared_ptr<Closing>>;
  /// Something that a loop does, and ends by calling `done`, in the same call or later.
  using Step = std::function<void(ServerLoop& there, std::function<void()> done)>;

  std::shared_ptr<NamespaceCore> namespace_for(std::string_view name, Bytes auth) override;
  void post_to_first(std::function<void()> function) override;
  /// Posts to the loop of that index. From the thread of any loop.
  void post_to(std::size_t index, std::function<void(ServerLoop&)> function);
  void post_to_others(const std::function<void(ServerLoop&)>& function);
  [[nodiscard]] std::shared_ptr<NamespaceCore> find(std::string_view name) const;
  [[nodiscard]] std::shared_ptr<NamespaceCore> make_namespace(std::string name, NamespaceCore::Predicate predicate = {});
  /// Removes a namespace that was created for clients and has none left.
  void forget(NamespaceCore& nsp);
  void make_loops();
  /// Runs a step of close() on each loop. When all are done: `next`, on the first loop.
  void on_all_loops(const std::shared_ptr<Closing>& closing, const Step& step, std::function<void()> next);
  void end_sessions(const std::shared_ptr<Closing>& closing);
  void close_http(const std::shared_ptr<Closing>& closing);
  void check_connections(const std::shared_ptr<Closing>& closing);
  void end_closings();

  std::shared_ptr<net::OpenCounts> counts_;  ///< with several loops
  std::vector<std::unique_ptr<ServerLoop>> loops_;
  std::vector<LoopContext*> contexts_;  ///< of loops_
  mutable std::mutex namespaces_lock_;  ///< held when namespaces_ changes, and by other threads that read it
  std::map<std::string, std::shared_ptr<NamespaceCore>, std::less<>> namespaces_;
  std::vector<std::shared_ptr<NamespaceCore>> parents_;
  /// Namespaces that have ended, until the end of the turn; shared with the posted function that detaches them.
  std::shared_ptr<std::vector<std::shared_ptr<NamespaceCore>>> ended_ =
      std::make_shared<std::vector<std::shared_ptr<NamespaceCore>>>();
  std::size_t children_ = 0;  ///< namespaces that predicates have created
  Closings closings_;         ///< calls of close() in progress
  bool closed_ = false;
  net::Timer closing_timer_;  ///< keeps the application's loop running until the other loops are closed, too
};

}  // namespace socketio::server
