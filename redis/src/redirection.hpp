#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <socketio/redis/options.hpp>

namespace socketio::redis {

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

/// False for a host that a cluster announces as empty or "?" because it does not know it, and for one that is too long.
[[nodiscard]] bool is_known_host(std::string_view host) noexcept;

}  // namespace socketio::redis
