#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/redis/client.hpp>

#include "slot.hpp"

namespace socketio::redis {

/// Which node of a cluster owns which slot.
struct SlotMap {
  static constexpr std::uint16_t no_node = 0xffff;
  struct Node {
    Endpoint endpoint;
    bool is_primary = false;
  };
  std::vector<Node> nodes;            ///< each once, replicas too
  std::vector<std::uint16_t> owners;  ///< slot_count of them: an index of `nodes`, or no_node
};

/// Reads the answer to CLUSTER SLOTS:
///
///   [[first slot, last slot, primary, replica, ...], ...]       a node: [host, port, id, ...]
///
/// `answering`  the host that answered; it stands where a node's own is not known (nil, empty, "?").
/// Fails        with a sentence in `error` when the answer is no such list, names a slot twice or a port that is none, has more
///              than limits::cluster_nodes_max nodes, or no slot at all.
[[nodiscard]] std::optional<SlotMap> parse_slot_map(const Reply& reply, std::string_view answering, std::string& error);

}  // namespace socketio::redis
