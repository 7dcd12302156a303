#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <socketio/redis/options.hpp>

namespace socketio::redis {

/// What a node of a cluster says when a command is to be given again, to it or to another one.
///
///   MOVED 3999 127.0.0.1:6381      the slot belongs to that node
///   ASK 3999 127.0.0.1:6381        the slot is on its way there: this once, ask that node, behind ASKING
///   TRYAGAIN, CLUSTERDOWN, LOADING, MASTERDOWN: not now
struct Redirection {
  enum class Kind : std::uint8_t { moved, ask, later };
  Kind kind = Kind::later;
  std::uint16_t slot = 0;  ///< moved, ask: below slot_count
  Endpoint target;         ///< moved, ask
};

/// Reads the text of an error; nothing when it is none of these, or none that makes sense. An empty host, or "?", stands for
/// `answering`, the host that answered.
[[nodiscard]] std::optional<Redirection> parse_redirection(std::string_view error, std::string_view answering);

/// A node's host as the cluster announces it: empty, or "?", where the cluster does not know it.
[[nodiscard]] bool is_known_host(std::string_view host) noexcept;

}  // namespace socketio::redis
