#pragma once

#include <cstddef>
#include <cstdint>

/// Everything that can grow has a limit. These are the defaults; where an option has the same name, it overrides.
namespace socketio::limits {

/// Deepest nesting of arrays and maps that is read or sent. JavaScript peers manage a few thousand.
inline constexpr std::size_t depth_max = 512;
/// Largest message sent or read, encoded.
inline constexpr std::size_t message_bytes_max = std::size_t{256} << 20;
/// Memory that an encoder's buffer keeps between messages.
inline constexpr std::size_t kept_bytes_max = std::size_t{1} << 20;
/// Most rooms in one `rooms` or `except` list of a message.
inline constexpr std::size_t rooms_max = 100'000;

/// Most binary attachments of one Socket.IO packet, and the bytes they may have together, counted wherever one is used.
inline constexpr std::size_t attachments_max = 10;
inline constexpr std::size_t attachment_bytes_max = std::size_t{10} << 20;
/// Largest WebSocket message or polling body taken from a client.
inline constexpr std::size_t payload_bytes_max = 1'000'000;
/// Most names read from a query string, as Node does.
inline constexpr std::size_t query_names_max = 1'000;

/// Bytes of commands that wait for Redis: not yet written, or written to a kernel that does not take more.
inline constexpr std::size_t queue_bytes_max = std::size_t{64} << 20;
/// Commands written to Redis and not yet answered.
inline constexpr std::size_t in_flight_max = 65'536;
/// Largest single reply or pub/sub message taken from Redis.
inline constexpr std::size_t reply_bytes_max = std::size_t{512} << 20;
/// Subscriptions of one connection.
inline constexpr std::size_t subscriptions_max = 1'000'000;

inline constexpr std::uint32_t connect_timeout_ms = 5'000;
inline constexpr std::uint32_t command_timeout_ms = 5'000;
/// A connection on which Redis has said nothing for so long is asked for a sign of life.
inline constexpr std::uint32_t keepalive_ms = 2'500;
/// Reconnecting waits this long at first, twice as long each time, and never longer than the second figure; every wait is
/// shortened by chance by up to a half, so that a fleet does not come back in one moment.
inline constexpr std::uint32_t backoff_min_ms = 50;
inline constexpr std::uint32_t backoff_max_ms = 2'000;
/// Nodes of a Redis Cluster, replicas too; Redis itself is made for up to a thousand.
inline constexpr std::size_t cluster_nodes_max = 1'000;
/// How often one command of a cluster follows MOVED or ASK before that counts as its answer.
inline constexpr std::uint32_t cluster_redirects_max = 16;
/// A cluster is asked for its slots whenever something points to a change, and after so long at the latest.
inline constexpr std::uint32_t cluster_refresh_ms = 60'000;
/// What a blocking emitter may spend on sending the rest when it is destroyed.
inline constexpr std::uint32_t close_timeout_ms = 5'000;

}  // namespace socketio::limits
