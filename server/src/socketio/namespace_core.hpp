#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/protocol/value.hpp>

#include "loop_context.hpp"
#include "namespace_handlers.hpp"
#include "namespace_shard.hpp"
#include "server_context.hpp"
#include "shard_group.hpp"
#include "socket_namespace.hpp"

namespace socketio::server {

/// State behind the handle Namespace: owns the shards, the adapter and the handlers of a namespace. With a predicate it is the
/// parent of namespaces that are created on demand, and has no adapter.
///
/// Owned by the server and by handles, operators and sockets.
class NamespaceCore final : public SocketNamespace {
 public:
  using Predicate = std::function<bool(std::string_view name, const Value& auth)>;
  /// Called when the last client of a transient namespace has left.
  using OnEmpty = std::function<void(NamespaceCore&)>;

  /// `predicate`  makes it a parent.
  NamespaceCore(ServerContext& server, std::span<LoopContext* const> loops, std::string name, OnEmpty on_empty,
                Predicate predicate = {});
  ~NamespaceCore() override;

  [[nodiscard]] std::shared_ptr<NamespaceCore> self() { return std::static_pointer_cast<NamespaceCore>(shared_from_this()); }
  /// The sockets on one of the server's loops; the pointer keeps the namespace alive.
  [[nodiscard]] std::shared_ptr<NamespaceShard> shard_at(const LoopContext& loop);
  /// The shard of the calling thread's loop; that of the first loop, on threads that are none of the server's.
  [[nodiscard]] NamespaceShard& shard_here();
  /// The shard of the calling thread's loop, when that is not the first: operations are applied there at once, and then posted
  /// to the first loop, so that a handler sees its operations take effect in order. Null when the first loop applies them
  /// first: for parents, and when packets are kept, because they get their order there.
  [[nodiscard]] NamespaceShard* shard_applied_first();
  [[nodiscard]] NamespaceShard& first_shard() noexcept { return *shards_.front(); }
  [[nodiscard]] const ShardGroup::Shards& all_shards() const noexcept { return shards_; }

  // Host
  [[nodiscard]] std::span<adapter::Shard* const> shards() override { return adapter_shards_; }
  void on_server_side_event(Bytes data, std::function<bool(Bytes)> answer) override;

  // ---- of a parent ----
  [[nodiscard]] bool is_parent() const noexcept { return predicate_ != nullptr; }
  [[nodiscard]] const Predicate& predicate() const noexcept { return predicate_; }
  /// Gives a new namespace the handlers of this one.
  void adopt(NamespaceCore& child);
  /// Calls `act` with this namespace, or with each that was created from this parent, unless it has ended. False when this is
  /// no parent and has ended. On the first loop.
  template <typename Act>
  bool for_each_open(Act act) {
    if (!is_parent()) {
      if (is_open()) {
        act(*this);
        return true;
      }
      return false;
    }
    for (const auto& weak : children_) {
      if (const auto child = weak.lock(); child != nullptr && child->is_open()) {
        act(*child);
      }
    }
    return true;
  }

  // ---- its clients ----
  /// Ends with its last client.
  [[nodiscard]] bool is_transient() const noexcept { return is_transient_; }
  /// A client is about to be admitted. On the first loop, as is the call of OnEmpty.
  void expect_client() noexcept { ++clients_; }
  void client_gone(LoopContext& from) override;

  // ---- its end, on the first loop ----
  /// Closes the adapter: no messages are exchanged with other servers any more.
  void close_adapter();
  /// After close_adapter(): makes a new one.
  void reopen_adapter();
  /// Ends the namespace: the adapter is destroyed, and the server is no longer used.
  void detach();

  NamespaceHandlers handlers;
  std::vector<std::string> returning_ids;  ///< of recovered sockets that are being added to another loop's shard; first loop

 private:
  [[nodiscard]] NamespaceShard* find_shard_here();
  void make_adapter();

  ShardGroup::Shards shards_;        ///< one for each loop
  std::optional<ShardGroup> group_;  ///< with several loops
  std::array<adapter::Shard*, 1> adapter_shards_{};
  OnEmpty on_empty_;
  Predicate predicate_;
  std::vector<std::weak_ptr<NamespaceCore>> children_;  ///< of a parent
  std::size_t clients_ = 0;                             ///< connected and connecting
  bool is_transient_ = false;
};

}  // namespace socketio::server
