#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/adapter/adapter.hpp>
#include <socketio/common/bytes.hpp>
#include <socketio/net/loop.hpp>
#include <socketio/protocol/target.hpp>
#include <socketio/server/handler.hpp>
#include <socketio/server/options.hpp>
#include <socketio/server/socket.hpp>

#include "namespace_shard.hpp"
#include "shard_group.hpp"
#include "socket_handlers.hpp"

namespace socketio::server {

class ServerCore;

/// State behind the handle Namespace: the sockets, adapter, middlewares and handlers of a namespace. With a predicate: the
/// model of namespaces that are created on demand.
///
/// Outlives its server as long as a handle exists; operations then do nothing.
class NamespaceCore final : public adapter::Host, public std::enable_shared_from_this<NamespaceCore> {
 public:
  using Predicate = std::function<bool(std::string_view name, const Value& auth)>;
  using ConnectionHandler = std::function<void(Socket)>;

  /// `predicate`  makes it a model.
  NamespaceCore(ServerCore& server, std::string name, Predicate predicate = {});
  ~NamespaceCore() override;

  /// Null once the server or the namespace has ended. On the first loop.
  [[nodiscard]] ServerCore* server() const noexcept { return server_; }
  /// The server's first loop, on which the adapter runs.
  [[nodiscard]] Loop& loop() const noexcept { return loop_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The sockets on one of the server's loops; the pointer keeps the namespace alive.
  [[nodiscard]] std::shared_ptr<NamespaceShard> shard_at(const ServerLoop& loop);
  /// The shard of the calling thread's loop; that of the first loop, on threads that are none of the server's.
  [[nodiscard]] NamespaceShard& shard_here();
  [[nodiscard]] NamespaceShard& first_shard() noexcept { return *own_shards_.front(); }
  [[nodiscard]] const ShardGroup::Shards& own_shards() const noexcept { return own_shards_; }
  /// Not for a model.
  [[nodiscard]] adapter::Adapter& adapter() noexcept { return *adapter_; }

  // Host
  [[nodiscard]] std::string_view nsp() const override { return name_; }
  [[nodiscard]] std::span<adapter::Shard* const> shards() override { return shards_; }
  [[nodiscard]] adapter::Scheduler& scheduler() override;
  [[nodiscard]] Random& random() override;
  [[nodiscard]] const adapter::RecoveryOptions& recovery() const override;
  [[nodiscard]] std::uint64_t next_ack_id() override { return ack_id_.fetch_add(1, std::memory_order_relaxed); }
  void on_server_side_event(Bytes data, std::function<bool(Bytes)> answer) override;

  // the application's side, on the first loop's thread
  void use(std::function<void(Socket, Next)> middleware);
  void on_connection(ConnectionHandler handler);
  void on_server_side(std::string_view event, EventHandler handler);

  // the application's side, on any thread
  void apply(const Operation& operation);
  void emit_with_ack(const Target& target, Bytes data, OnAckAnswers done);
  void fetch(const Target& target, std::function<void(const FetchedSocketList&)> done);
  void server_side_emit_with_ack(Bytes data, OnServerSideAnswers done);
  void when_subscribed(std::span<const Room> rooms, std::function<void(bool)> done);
  void all_rooms(std::function<void(std::vector<std::string>)> done);
  void server_count(std::function<void(std::size_t)> done);

  // sockets, each on the thread of its loop
  /// Admits a socket of a client that connects: calls the middlewares, then connects or refuses it.
  void admit(const std::shared_ptr<SocketCore>& socket);
  /// True when events for a single socket must pass the adapter, too.
  [[nodiscard]] bool keeps_packets() const noexcept { return group_ ? keeps_packets_ : adapter_->keeps_packets(); }
  /// Emits to a single socket through the adapter.
  void emit_to(const SocketCore& socket, Bytes data, const Flags& flags);
  void save(adapter::SavedSession session);

  // models and their namespaces
  [[nodiscard]] const Predicate& predicate() const noexcept { return predicate_; }
  void inherit(NamespaceCore& model);
  /// True when the namespace ends with its last client. From any thread.
  [[nodiscard]] bool is_transient() const noexcept { return is_transient_; }
  /// Counts a client that is connecting. On the first loop.
  void expect_client() noexcept { ++clients_; }
  /// Counts a client that did not connect, or has disconnected. `from`  its loop.
  void client_gone(ServerLoop& from);

  /// Closes the adapter: no messages are exchanged with other servers any more.
  void close_adapter();
  /// After close_adapter(): makes a new one.
  void reopen_adapter();
  /// Ends the namespace: the adapter is destroyed, and the server is no longer used.
  void detach();

 private:
  struct Admission;
  [[nodiscard]] NamespaceShard* begins_here();
  [[nodiscard]] NamespaceShard* done_here_first();
  /// For operations without a result: does nothing when the server has ended.
  static constexpr auto nobody_waits = [] {};
  template <typename Act, typename Gone = decltype(nobody_waits)>
  void on_loop(Act act, Gone gone = nobody_waits);
  template <typename Act, typename Gone = decltype(nobody_waits)>
  void on_first_loop(AppliedPart applied, std::size_t data_bytes, Act act, Gone gone = nobody_waits);
  [[nodiscard]] std::function<bool(Bytes)> on_first_loop(std::function<bool(Bytes)> answer);
  template <typename Result>
  std::function<void(Result)> posted(std::function<void(Result)> done);
  /// Throws for an operation that has a single result when this is the model of many namespaces.
  void require_single() const;
  [[nodiscard]] Listeners<Socket, Next>::Functions middlewares() const;
  [[nodiscard]] Listeners<Socket>::Functions connection_handlers() const;

  void recover(const std::shared_ptr<Admission>& admission, std::string pid);
  void take_session(const std::shared_ptr<Admission>& admission, std::optional<adapter::SavedSession> session);
  [[nodiscard]] bool write_missed(ServerLoop& home, const adapter::MissedPackets& missed, std::vector<FrameRef>& frames);
  void begin_admission(const std::shared_ptr<Admission>& admission);
  void ask_middleware(const std::shared_ptr<Admission>& admission);
  void catch_up(const std::shared_ptr<Admission>& admission);
  void catch_up_from_adapter(const std::shared_ptr<Admission>& admission);
  void take_missed(const std::shared_ptr<Admission>& admission, const std::optional<adapter::MissedPackets>& missed);
  void let_in(const std::shared_ptr<Admission>& admission, const std::vector<FrameRef>& missed);
  [[nodiscard]] bool is_taken(std::string_view id) const;

  ServerCore* server_;
  Loop& loop_;
  std::string name_;
  ShardGroup::Shards own_shards_;    ///< one for each loop
  std::optional<ShardGroup> group_;  ///< with several loops
  std::array<adapter::Shard*, 1> shards_{};
  std::atomic<std::uint64_t> ack_id_ = 0;
  void make_adapter();

  std::unique_ptr<adapter::Adapter> adapter_;
  bool keeps_packets_ = false;
  mutable std::mutex handlers_lock_;  ///< for middlewares_ and connection_handlers_
  Listeners<Socket, Next> middlewares_;
  Listeners<Socket> connection_handlers_;
  std::vector<SocketHandlers::Entry> server_side_handlers_;
  Predicate predicate_;
  std::vector<std::weak_ptr<NamespaceCore>> children_;  ///< of a model
  std::vector<std::string> returning_;                  ///< ids of recovered sockets, being added to another loop's shard
  std::size_t clients_ = 0;                             ///< connected and connecting
  bool is_transient_ = false;
};

}  // namespace socketio::server
