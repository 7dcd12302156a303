#pragma once

// Shared by the tests of state machines, which need no loop.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "cluster_nodes.hpp"
#include "slot_map.hpp"

namespace state_machine {

namespace redis = socketio::redis;

/// All bytes are the same: with 0 no delay is shortened.
class SameBytes final : public socketio::Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override { std::fill(bytes.begin(), bytes.end(), value); }
  std::uint8_t value = 0;
};

inline redis::Endpoint at(std::uint16_t port) { return {"127.0.0.1", port}; }

/// Two primaries, with ports 1 and 2. The first one owns the first `first_count` slots.
inline redis::SlotMap two_primaries(std::size_t first_count = redis::slot_count) {
  redis::SlotMap map;
  map.nodes = {{at(1), true}, {at(2), true}};
  map.owners.assign(redis::slot_count, 1);
  std::fill_n(map.owners.begin(), first_count, std::uint16_t{0});
  return map;
}

/// Does nothing.
class IdleDriver : public redis::ClusterDriver, public redis::ClusterLinks {
 public:
  std::shared_ptr<const void> hold() override { return nullptr; }
  std::uint64_t now_ms() const noexcept override { return 0; }
  void wake_after(std::uint64_t) override {}
  void request_refresh() override {}
  void on_slot_moved() override {}
  bool can_send(redis::NodeId) override { return false; }
  void send(redis::NodeId, socketio::Bytes, redis::PublishListener*, std::uint64_t, redis::CommandDone) override {}
  void subscribe(redis::NodeId, redis::SubscriptionKind, std::string_view, redis::MessageListener&) override {}
  void unsubscribe(redis::NodeId, redis::SubscriptionKind, std::string_view, bool) override {}
};

}  // namespace state_machine
