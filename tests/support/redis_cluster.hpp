#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "redis_server.hpp"

namespace support {

/// A Redis Cluster of one test, created by `redis-cli --cluster`: three primaries that share the slots evenly; each node is a
/// RedisServer. It detects a node's crash within about a second. Throws std::runtime_error when it does not become healthy.
class RedisCluster {
 public:
  /// The primaries are nodes 0 to 2, the others their replicas. `arguments` as in RedisServer.
  explicit RedisCluster(std::size_t replicas_each = 0, std::vector<std::string> arguments = {});

  /// URL with all initial nodes.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
  [[nodiscard]] RedisServer& node(std::size_t index) { return *nodes_[index]; }
  [[nodiscard]] std::string id(std::size_t index) const { return nodes_[index]->ask({"CLUSTER", "MYID"}); }

  /// Index of the node that owns a slot, according to `asked`.
  [[nodiscard]] std::size_t owner_of(std::uint16_t slot, std::size_t asked = 0) const;
  /// Move a slot as redis-cli does: IMPORTING, MIGRATING, the keys, NODE.
  void begin_move(std::uint16_t slot, std::size_t from, std::size_t to);
  void move_keys(std::uint16_t slot, std::size_t from, std::size_t to);
  void end_move(std::uint16_t slot, std::size_t to);
  void move_slot(std::uint16_t slot, std::size_t from, std::size_t to);

  /// Adds a primary without slots. Returns its index.
  std::size_t add_node();
  /// Removes a node, which must have no slots.
  void remove_node(std::size_t index);

  /// Waits until all running nodes report a healthy cluster.
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
