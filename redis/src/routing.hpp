#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <socketio/redis/client.hpp>

namespace socketio::redis {

/// Which nodes of a cluster a command is for.
struct Route {
  enum class Kind : std::uint8_t {
    slot,         ///< the owner of `slot`
    any_node,     ///< one of them, whichever
    every_node,   ///< all of them, replicas too; the answers are joined
    primaries,    ///< all that own slots; the answers are joined
    transaction,  ///< MULTI: with what follows, up to EXEC or DISCARD
  };
  Kind kind = Kind::any_node;
  std::uint16_t slot = 0;
};

/// Commands without a key, as far as users of this library give them, are known by name; XREAD, XINFO and the like by where
/// their key stands. Everything else is taken to have its key behind its name. A node tells (MOVED) when that was wrong.
[[nodiscard]] Route route_of(std::span<const std::string_view> words) noexcept;

/// Whether this ends a transaction.
[[nodiscard]] bool ends_transaction(std::span<const std::string_view> words) noexcept;

/// One answer out of those of several nodes, none of which is an error. Counts by name (NUMSUB) are added, names (CHANNELS)
/// are joined, each once, numbers are added and texts (CLIENT LIST) follow one another.
[[nodiscard]] Reply join_replies(std::vector<Reply> replies);

}  // namespace socketio::redis
