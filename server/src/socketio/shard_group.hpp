#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <socketio/adapter/room_index.hpp>
#include <socketio/adapter/shard.hpp>
#include <socketio/common/gather.hpp>

#include "namespace_shard.hpp"

namespace socketio::server {

/// The acks of one broadcast, combined from the sockets of several loops. On the adapter's loop.
class AckGather {
 public:
  /// Adds a number of loops that have to report how many clients they asked.
  void expect(std::size_t loops) noexcept { loops_.expect(loops); }
  /// Sets the listener, and passes it all acks received before.
  void set_listener(std::shared_ptr<adapter::AckListener> listener);
  void on_clients(std::size_t count);
  void on_ack(Bytes arguments);

 private:
  void check();

  std::shared_ptr<adapter::AckListener> listener_;
  std::vector<Buffer> early_;
  Gather loops_{{Gather::Of::clients}};
};

/// A namespace's sockets on all loops of a server, as one shard for the adapter. On the adapter's loop, which is the first one:
/// operations are applied to its own sockets at once; for other loops their data is copied once, and posted.
///
/// An event is encoded once for all loops.
class ShardGroup final : public adapter::Shard {
 public:
  using Shards = std::vector<std::unique_ptr<NamespaceShard>>;

  /// `shards`  outlive this.
  ShardGroup(NamespaceCore& nsp, const Shards& shards) noexcept;
  ~ShardGroup() override;

  /// Scope for an operation that started on another loop and is already applied there, so that a caller that emits and then
  /// does something else sees both in this order.
  class Begun {
   public:
    /// `encoded`  the event as that loop has encoded it.
    /// `acks`     of the clients that it has asked; or null.
    Begun(ShardGroup& group, const NamespaceShard& there, Encoded encoded, std::shared_ptr<AckGather> acks) noexcept
        : group_(group) {
      group_.done_there_ = &there;
      group_.encoded_ = std::move(encoded);
      group_.acks_ = std::move(acks);
    }
    ~Begun() {
      group_.done_there_ = nullptr;
      group_.encoded_ = {};
      group_.acks_ = nullptr;
    }
    Begun(const Begun&) = delete;
    Begun& operator=(const Begun&) = delete;

   private:
    ShardGroup& group_;
  };

  /// Makes a listener for a shard that reports to a gather on the first loop.
  [[nodiscard]] static std::shared_ptr<adapter::AckListener> listener_at(NamespaceShard& shard,
                                                                         std::shared_ptr<AckGather> gather);

  void apply(const adapter::ShardOperation& operation) override;
  void deliver_with_ack(const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                        std::shared_ptr<adapter::AckListener> listener) override;
  void fetch(const adapter::Selection& selection, adapter::Form form, std::function<void(adapter::Sockets)> done) override;
  void rooms(std::function<void(std::vector<std::string>)> done) override;
  void set_observer(adapter::RoomObserver* observer) override;
  [[nodiscard]] bool has_room(std::string_view room) const override;

 private:
  class Reporter;

  void deliver(const adapter::ShardOperation& operation);

  /// The shards of other loops that may have a selected socket, and where the operation is not applied yet.
  [[nodiscard]] std::vector<NamespaceShard*> others_with(const adapter::Selection& selection) const;
  /// The shard of the first loop.
  [[nodiscard]] NamespaceShard& own() const { return *shards_.front(); }
  /// Reserves bytes in the backlog of that loop; false, and counted, when it is full.
  [[nodiscard]] bool has_room_for(NamespaceShard& shard, std::size_t bytes);
  template <typename Act>
  void post(NamespaceShard& shard, Act act);
  template <typename Part, typename Ask>
  void gather(Ask ask, std::function<void(std::vector<Part>)> done);
  void room_created(std::string_view room, bool is_private);
  void room_emptied(std::string_view room);

  NamespaceCore& nsp_;
  const Shards& shards_;
  const NamespaceShard* done_there_ = nullptr;
  Encoded encoded_;
  std::shared_ptr<AckGather> acks_;
  adapter::RoomObserver* observer_ = nullptr;
  std::vector<std::unique_ptr<Reporter>> reporters_;
  std::unordered_map<std::string, std::size_t> rooms_;  ///< number of loops with sockets in each; with an observer
};

}  // namespace socketio::server
