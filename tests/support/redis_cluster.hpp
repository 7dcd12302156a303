#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "redis_server.hpp"

namespace support {

/// A Redis Cluster of the test's own, made by `redis-cli --cluster`: three primaries that share the slots evenly, each node as
/// RedisServer says. It notices a node's death within about a second. Throws std::runtime_error when it does not get well.
class RedisCluster {
 public:
  /// The primaries are nodes 0 to 2, the others their replicas. `arguments` as in RedisServer.
  explicit RedisCluster(std::size_t replicas_each = 0, std::vector<std::string> arguments = {});

  /// All nodes that there were at first.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
  [[nodiscard]] RedisServer& node(std::size_t index) { return *nodes_[index]; }
  [[nodiscard]] std::string id(std::size_t index) const { return nodes_[index]->ask({"CLUSTER", "MYID"}); }

  /// Which node owns a slot, as `asked` sees it.
  [[nodiscard]] std::size_t owner_of(std::uint16_t slot, std::size_t asked = 0) const;
  /// As redis-cli does it: IMPORTING, MIGRATING, the keys, NODE.
  void begin_move(std::uint16_t slot, std::size_t from, std::size_t to);
  void move_keys(std::uint16_t slot, std::size_t from, std::size_t to);
  void end_move(std::uint16_t slot, std::size_t to);
  void move_slot(std::uint16_t slot, std::size_t from, std::size_t to);

  /// Another primary, without slots. Returns its index.
  std::size_t add_node();
  /// It must have no slots.
  void remove_node(std::size_t index);

  /// Waits until all nodes that run agree that all is well.
  void wait_until_well() const;

 private:
  void start_node();
  [[nodiscard]] std::string address(std::size_t index) const;
  void redis_cli(std::vector<std::string> words) const;
  [[nodiscard]] bool is_well() const;

  std::vector<std::string> arguments_;
  std::vector<std::unique_ptr<RedisServer>> nodes_;
  std::size_t first_count_ = 0;
  std::vector<bool> removed_;
};

}  // namespace support
