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

#include "namespace_shard.hpp"

namespace socketio::server {

/// The acks of one broadcast, put together from the sockets of several loops. On the adapter's loop.
class AckGather {
 public:
  /// So many loops more are to tell whom they asked.
  void expect(std::size_t loops) noexcept { loops_left_ += loops; }
  /// Who wants to hear it. What has come before is told then.
  void tell(std::shared_ptr<adapter::AckListener> listener);
  void on_clients(std::size_t count);
  void on_ack(Bytes arguments);

 private:
  void check();

  std::shared_ptr<adapter::AckListener> listener_;
  std::vector<Buffer> early_;
  std::size_t loops_left_ = 0;
  std::size_t clients_ = 0;
};

/// A namespace's sockets on all loops of a server, as its adapter sees them: as one shard. On the adapter's loop, which is the
/// first one: its own sockets are dealt with at once, for those of others everything is copied once, and posted.
///
/// An event is put into a frame once for all loops.
class ShardGroup final : public adapter::Shard {
 public:
  using Shards = std::vector<std::unique_ptr<NamespaceShard>>;

  /// `shards`  outlive this.
  ShardGroup(NamespaceCore& nsp, const Shards& shards) noexcept;
  ~ShardGroup() override;

  /// While it lives, an operation is carried out that began on another loop, where it has been done already: so that whoever
  /// emits and then does something else sees both in this order.
  class Begun {
   public:
    /// `encoded`  what that loop has made of the event.
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

  /// Tells a gather on the first loop what happens at a shard.
  [[nodiscard]] static std::shared_ptr<adapter::AckListener> listener_at(NamespaceShard& shard,
                                                                         std::shared_ptr<AckGather> gather);

  void deliver(const adapter::Selection& selection, Bytes data, const Flags& flags) override;
  void deliver_with_ack(const adapter::Selection& selection, Bytes data, const Flags& flags, std::uint64_t ack_id,
                        std::shared_ptr<adapter::AckListener> listener) override;
  void join(const adapter::Selection& selection, const adapter::RoomNames& rooms) override;
  void leave(const adapter::Selection& selection, const adapter::RoomNames& rooms) override;
  void disconnect(const adapter::Selection& selection, bool close) override;
  void fetch(const adapter::Selection& selection, adapter::Form form, std::function<void(adapter::Sockets)> done) override;
  void rooms(std::function<void(std::vector<std::string>)> done) override;
  void set_observer(adapter::RoomObserver* observer) override;
  [[nodiscard]] bool has_room(std::string_view room) const override;

 private:
  struct Parcel;
  class Reporter;

  /// The shards of other loops that may have a socket that is meant, and are not done.
  [[nodiscard]] std::vector<NamespaceShard*> others_with(const adapter::Selection& selection) const;
  /// The first loop's, unless it is done.
  [[nodiscard]] NamespaceShard& own() const { return *shards_.front(); }
  /// Takes a place in what waits for that loop; false, and it is counted, when there is none.
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
  std::unordered_map<std::string, std::size_t> rooms_;  ///< on how many loops somebody is in them; with an observer
};

}  // namespace socketio::server
