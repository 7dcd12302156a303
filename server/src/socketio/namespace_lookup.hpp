#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/common/bytes.hpp>

#include "connection.hpp"
#include "loop_context.hpp"
#include "namespace_core.hpp"

namespace socketio::server {

/// Owner of the namespaces, on the first loop.
class NamespaceSource {
 public:
  /// Returns the namespace that a client connects to; null when there is none, and no predicate creates it.
  virtual std::shared_ptr<NamespaceCore> namespace_for(std::string_view name, Bytes auth) = 0;
  /// Calls `function` on the first loop, unless the server has ended by then. From any thread.
  virtual void post_to_first(std::function<void()> function) = 0;

 protected:
  ~NamespaceSource() = default;
};

/// Look-up of namespaces for the connections of one loop: the first loop has them, the others request them from it.
class NamespaceLookup final : public ConnectionHost {
 public:
  NamespaceLookup(LoopContext& on, NamespaceSource& source) : ConnectionHost(on), source_(source) {}

  void find_namespace(Connection& connection, std::string_view name, Bytes auth) override;
  [[nodiscard]] std::size_t waiting_count(const Connection& connection) const override;
  [[nodiscard]] bool is_waiting(const Connection& connection, std::string_view name) const override;
  void forget(const Connection& connection) override { pending_.erase(&connection); }
  /// Releases the known namespaces.
  void clear() { known_.clear(); }

 private:
  struct Pending;
  void request(Connection& connection, std::string_view name, Bytes auth);
  void on_found(const std::shared_ptr<Pending>& pending);

  NamespaceSource& source_;
  std::multimap<const Connection*, std::shared_ptr<Pending>> pending_;
  /// Namespaces that exist as long as the server.
  std::map<std::string, std::shared_ptr<NamespaceCore>, std::less<>> known_;
};

}  // namespace socketio::server
