#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <socketio/redis/types.hpp>

namespace socketio::redis {

/// The nodes of a cluster that a command is for.
struct Route {
  enum class Kind : std::uint8_t {
    slot,         ///< the owner of `slot`
    any_node,     ///< any one of them
    every_node,   ///< all of them, including replicas; the replies are joined
    primaries,    ///< all that own slots; the replies are joined
    transaction,  ///< MULTI: with the commands after it, up to EXEC or DISCARD
  };
  Kind kind = Kind::any_node;
  std::uint16_t slot = 0;
};

/// Commands without a key, as far as users of this library issue them, are known by name; XREAD, XINFO and similar ones by the
/// position of their key. For any other command the first argument is taken as its key. If that is wrong, a node replies with
/// MOVED.
[[nodiscard]] Route route_of(std::span<const std::string_view> words) noexcept;

/// True if the command ends a transaction.
[[nodiscard]] bool ends_transaction(std::span<const std::string_view> words) noexcept;

/// Joins the replies of several nodes, none of which is an error, to one reply. Counts by name (NUMSUB) are added, names
/// (CHANNELS) are merged without duplicates, numbers are added, and texts (CLIENT LIST) are concatenated.
[[nodiscard]] Reply join_replies(std::vector<Reply> replies);

}  // namespace socketio::redis
