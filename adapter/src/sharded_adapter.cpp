#include <socketio/adapter/sharded.hpp>

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/utf8.hpp>

#include "cluster_adapter.hpp"

namespace socketio {
namespace adapter {
namespace {

using redis::SubscriptionKind;

Fleet sharded_fleet(Fleet fleet) {
  fleet.transport = Transport::sharded;
  return fleet;
}

/// Adapter of the sharded family: one channel that all servers receive, one for responses to each server, and one per room.
///
/// Source: docs/wire.md, "Sharded adapter".
class ShardedAdapter final : public ClusterAdapter, private RoomObserver {
 public:
  ShardedAdapter(Host& host, std::shared_ptr<Bus> bus, const ShardedOptions& options)
      : ClusterAdapter(host, std::move(bus), sharded_fleet(options), {.role = fleet::Participant::Role::server}),
        main_channel_(link_.dialect->servers_channel(host.nsp()).name),
        has_private_channels_(options.sharded_mode == SubscriptionMode::dynamic_private),
        fresh_room_ms_(link_.dialect->has_room_channels() ? in_ms(options.fresh_room_time) : 0) {
    if (link_.dialect->has_room_channels()) {
      for (Shard* const shard : host.shards()) {
        shard->set_observer(this);
      }
    }
  }
  ~ShardedAdapter() override {
    if (!link_.closed) {
      ShardedAdapter::close();
    }
  }
  void close() override;

 private:
  void publish(const Operation& operation) override;
  void on_room_created(std::string_view room, bool is_private) override;
  void on_room_emptied(std::string_view room) override;
  [[nodiscard]] std::vector<std::string> event_channels(std::span<const Room> rooms) const override;

  [[nodiscard]] bool is_fresh(const Room& room);
  [[nodiscard]] std::string channel_of(std::string_view room) const;

  const std::string main_channel_;
  const bool has_private_channels_;
  const std::uint64_t fresh_room_ms_;
  std::unordered_set<std::string> subscribed_rooms_;
  std::unordered_map<std::string, std::uint64_t> fresh_rooms_;  ///< with the time until which each is fresh
};

void ShardedAdapter::close() {
  if (!link_.closed) {
    for (Shard* const shard : link_.host.shards()) {
      shard->set_observer(nullptr);
    }
    for (const std::string& room : std::exchange(subscribed_rooms_, {})) {
      link_.bus->unsubscribe(SubscriptionKind::shard, channel_of(room));
    }
  }
  ClusterAdapter::close();
}

/// Replaces lone surrogates: names of channels are UTF-8.
std::string ShardedAdapter::channel_of(std::string_view room) const {
  std::string channel = main_channel_ + std::string(room) + "#";
  utf8::replace_surrogates({reinterpret_cast<std::uint8_t*>(channel.data()), channel.size()});
  return channel;
}

void ShardedAdapter::on_room_created(std::string_view room, bool is_private) {
  const bool wanted = has_private_channels_ || !is_private;
  // A room that is named like this server's uid must not take over the channel for responses.
  if (wanted && room != link_.dialect->uid() && subscribed_rooms_.emplace(room).second) {
    subscribe({fleet::ChannelKind::shard, channel_of(room)});
  }
}

void ShardedAdapter::on_room_emptied(std::string_view room) {
  if (subscribed_rooms_.erase(std::string(room)) != 0) {
    const std::string channel = channel_of(room);
    link_.bus->unsubscribe(SubscriptionKind::shard, channel);
    confirmations_.remove(channel);
  }
}

/// Events for one of the rooms arrive on its channel; events for several rooms, and those with acks, on the main channel. The
/// channel of a room that is named like this server's uid is for responses: see on_room_created().
std::vector<std::string> ShardedAdapter::event_channels(std::span<const Room> rooms) const {
  std::vector<std::string> channels = ClusterAdapter::event_channels(rooms);
  for (const Room& room : rooms) {
    if (room.name() == link_.dialect->uid()) {
      channels.emplace_back();  // never confirmed
    } else if (link_.dialect->has_channel(room)) {
      channels.push_back(channel_of(room.name()));
    }
  }
  return channels;
}

bool ShardedAdapter::is_fresh(const Room& room) {
  if (fresh_rooms_.empty()) {
    return false;
  }
  const std::uint64_t now_ms = link_.host.scheduler().now_ms();
  std::erase_if(fresh_rooms_, [now_ms](const auto& fresh) { return fresh.second <= now_ms; });
  return fresh_rooms_.contains(room.name());
}

/// Events for a fresh room are published on the main channel: other servers may not have subscribed to the room's channel yet.
void ShardedAdapter::publish(const Operation& operation) {
  if (operation.kind == Operation::Kind::join && fresh_room_ms_ != 0) {
    const std::uint64_t until_ms = link_.host.scheduler().now_ms() + fresh_room_ms_;
    for (const Room& room : operation.rooms) {
      fresh_rooms_[room.name()] = until_ms;
    }
  }
  Publication publication = link_.dialect->encode(link_.host.nsp(), operation);
  const auto& rooms = operation.target.rooms;
  if (operation.kind == Operation::Kind::emit && rooms.size() == 1 && is_fresh(rooms.front())) {
    publication.channel = main_channel_;
  }
  link_.send(publication);
}

}  // namespace
}  // namespace adapter

adapter::AdapterFactory sharded_adapter(std::shared_ptr<adapter::Bus> bus, ShardedOptions options) {
  options.check();
  return [bus = std::move(bus), options = std::move(options)](adapter::Host& host) -> std::unique_ptr<adapter::Adapter> {
    return std::make_unique<adapter::ShardedAdapter>(host, bus, options);
  };
}

}  // namespace socketio
