#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <socketio/adapter/bus.hpp>
#include <socketio/adapter/room_index.hpp>
#include <socketio/adapter/sharded.hpp>

#include "confirmations.hpp"
#include "message_adapter.hpp"

namespace socketio::adapter {

/// Adapter of the sharded family: one channel that all servers receive, one for responses to each server, and one per room.
///
/// Source: docs/wire.md, "Sharded adapter".
class ShardedAdapter final : public MessageAdapter, private redis::MessageListener, private RoomObserver {
 public:
  ShardedAdapter(Host& host, std::shared_ptr<Bus> bus, ShardedOptions options);
  ~ShardedAdapter() override;
  void close() override;
  void when_subscribed(std::span<const Room> rooms, std::function<void(bool subscribed)> done) override;

 private:
  void send(Type type, Bytes data, const Target* target, bool wants_answer) override;
  void respond(Type type, Bytes data, std::string_view asker) override;
  void count_servers(std::function<void(std::optional<std::size_t>)> done) override;
  void publish_operation(const Operation& operation) override;

  void on_message(std::string_view channel, Bytes payload) override;
  void on_subscribed(std::string_view channel, std::string_view error) override { confirmations_.on_subscribed(channel, error); }
  void on_subscription_lost(std::string_view channel) override { confirmations_.on_lost(channel); }
  void on_room_created(std::string_view room, bool is_private) override;
  void on_room_emptied(std::string_view room) override;

  void subscribe(std::string channel);
  void publish(std::string_view channel, Type type, Bytes data);
  [[nodiscard]] bool has_own_channel(const Room& room);
  [[nodiscard]] std::string channel_of(std::string_view name) const;

  std::shared_ptr<Bus> bus_;
  ShardedOptions options_;
  std::string main_channel_;
  std::string own_channel_;
  std::unordered_set<std::string> subscribed_rooms_;
  Confirmations confirmations_;
  std::unordered_map<std::string, std::uint64_t> fresh_rooms_;  ///< with the time until which each is fresh
  Buffer payload_;
  Buffer scratch_;
};

}  // namespace socketio::adapter
