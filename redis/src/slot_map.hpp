#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/redis/options.hpp>
#include <socketio/redis/types.hpp>

#include "slot.hpp"

namespace socketio::redis {

/// The owner of each slot of a cluster.
struct SlotMap {
  static constexpr std::uint16_t no_node = 0xffff;
  struct Node {
    Endpoint endpoint;
    bool is_primary = false;
  };
  std::vector<Node> nodes;            ///< each once, including replicas
  std::vector<std::uint16_t> owners;  ///< slot_count entries: an index of `nodes`, or no_node
};

/// Reads the reply to CLUSTER SLOTS:
///
///   [[first slot, last slot, primary, replica, ...], ...]       a node: [host, port, id, ...]
///
/// `answering`  the host that answered; used for nodes whose own host is not known (nil, empty, "?").
/// Fails        with a sentence in `error` when the reply is not such a list, has a slot twice or an invalid port, has more
///              than limits::cluster_nodes_max nodes, or no slot at all.
[[nodiscard]] std::optional<SlotMap> parse_slot_map(const Reply& reply, std::string_view answering, std::string& error);

}  // namespace socketio::redis
