#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/redis/options.hpp>
#include <socketio/redis/types.hpp>

namespace socketio::redis {

/// Number of slots over which a Redis Cluster distributes its keys, and the channels of sharded pub/sub.
inline constexpr std::uint16_t slot_count = 16'384;

/// CRC16 of the XMODEM kind: polynomial 0x1021, initial value 0.
[[nodiscard]] std::uint16_t crc16(std::string_view bytes) noexcept;

/// The slot of a key or channel: CRC16, modulo slot_count, of the text between the first `{` and the next `}`, or of the whole
/// text if that is empty or there is none.
[[nodiscard]] std::uint16_t slot_of(std::string_view key) noexcept;

/// The error by which a node of a cluster asks for a command to be sent again, to it or to another node.
///
///   MOVED 3999 127.0.0.1:6381      the slot belongs to that node
///   ASK 3999 127.0.0.1:6381        the slot is moving there: send this command to that node once, after ASKING
///   TRYAGAIN, CLUSTERDOWN, LOADING, MASTERDOWN: retry later
struct Redirection {
  enum class Kind : std::uint8_t { moved, ask, later };
  Kind kind = Kind::later;
  std::uint16_t slot = 0;  ///< moved, ask: below slot_count
  Endpoint target;         ///< moved, ask
};

/// Reads the text of an error; nullopt when it is not a redirection, or a malformed one. An empty host, or "?", means
/// `answering`, the host that answered.
[[nodiscard]] std::optional<Redirection> parse_redirection(std::string_view error, std::string_view answering);

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
