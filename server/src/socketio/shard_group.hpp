#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <socketio/adapter/ack_gather.hpp>
#include <socketio/adapter/room_index.hpp>
#include <socketio/adapter/shard.hpp>

#include "namespace_shard.hpp"

namespace socketio::server {

/// The effect that an operation has had on the calling thread's loop before it reaches the adapter on the first loop: a caller
/// that emits and then does something else sees both in this order.
struct AppliedPart {
  const NamespaceShard& shard;               ///< of that loop
  Encoded encoded = {};                      ///< the event as that loop has encoded it
  std::shared_ptr<adapter::AckGather> acks;  ///< of the clients that it has asked; or null
};

/// A namespace's sockets on all loops of a server, as one shard for the adapter. On the adapter's loop, which is the first one:
/// operations are applied to its own sockets at once; for other loops their data is copied once, and posted.
///
/// An event is encoded once for all loops.
class ShardGroup final : public adapter::Shard {
 public:
  using Shards = std::vector<std::unique_ptr<NamespaceShard>>;

  /// `shards`  outlive this.
  ShardGroup(SocketNamespace& nsp, const Shards& shards) noexcept;
  ~ShardGroup() override;

  /// Makes a listener for a shard that reports to a gather on the first loop.
  [[nodiscard]] static std::shared_ptr<adapter::AckListener> listener_at(NamespaceShard& shard,
                                                                         std::shared_ptr<adapter::AckGather> gather);

  void apply(const adapter::ShardOperation& operation) override;
  void deliver_with_ack(const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                        std::shared_ptr<adapter::AckListener> listener) override;
  void fetch(const adapter::Selection& selection, adapter::Form form, std::function<void(adapter::Sockets)> done) override;
  void rooms(std::function<void(std::vector<std::string>)> done) override;
  void set_observer(adapter::RoomObserver* observer) override;
  [[nodiscard]] bool has_room(std::string_view room) const override;

 private:
  class Reporter;

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

  SocketNamespace& nsp_;
  const Shards& shards_;
  adapter::RoomObserver* observer_ = nullptr;
  std::vector<std::unique_ptr<Reporter>> reporters_;
  std::unordered_map<std::string, std::size_t> rooms_;  ///< number of loops with sockets in each; with an observer
};

}  // namespace socketio::server
