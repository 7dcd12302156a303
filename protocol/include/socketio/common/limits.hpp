#pragma once

#include <socketio/common/language.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Default limits of everything that can grow. An option with the same name overrides the default.
namespace socketio::limits {

/// Maximum nesting of arrays and maps that is read or sent. JavaScript peers support a few thousand.
inline constexpr std::size_t depth_max = 512;
/// Maximum size of an encoded message, sent or read.
inline constexpr std::size_t message_bytes_max = std::size_t{256} << 20;
/// Maximum memory that an encoder's buffer keeps between messages.
inline constexpr std::size_t kept_bytes_max = std::size_t{1} << 20;
/// Maximum number of rooms in one `rooms` or `except` list of a message.
inline constexpr std::size_t rooms_max = 100'000;
/// Maximum number of streams of a fleet; every server reads each of them.
inline constexpr std::uint32_t streams_max = 10'000;

/// Maximum number of binary attachments of one Socket.IO packet, and of their bytes together. An attachment that is used
/// several times counts each time.
inline constexpr std::size_t attachments_max = 10;
inline constexpr std::size_t attachment_bytes_max = std::size_t{10} << 20;
/// Maximum size of a WebSocket message or polling body received from a client.
inline constexpr std::size_t payload_bytes_max = 1'000'000;
/// Maximum number of names read from a query string, as in Node.
inline constexpr std::size_t query_names_max = 1'000;

/// Maximum bytes of queued commands for Redis: not yet written, or not yet taken by the system.
inline constexpr std::size_t queue_bytes_max = std::size_t{64} << 20;
/// Maximum number of commands written to Redis and not yet answered.
inline constexpr std::size_t in_flight_max = 65'536;
/// Maximum size of a single reply or pub/sub message from Redis.
inline constexpr std::size_t reply_bytes_max = std::size_t{512} << 20;
/// Maximum number of subscriptions of one connection.
inline constexpr std::size_t subscriptions_max = 1'000'000;

inline constexpr std::chrono::milliseconds connect_timeout{5'000};
inline constexpr std::chrono::milliseconds command_timeout{5'000};
/// Time without any byte from Redis and without a pending reply, after which the connection gets a PING.
inline constexpr std::chrono::milliseconds keepalive{2'500};
/// First and maximum delay between reconnection attempts. The delay doubles after each attempt, and each one is shortened
/// randomly by up to a half, so that a fleet does not reconnect all at once.
inline constexpr std::chrono::milliseconds backoff_min{50};
inline constexpr std::chrono::milliseconds backoff_max{2'000};
/// Maximum number of nodes of a Redis Cluster, including replicas; Redis itself supports up to a thousand.
inline constexpr std::size_t cluster_nodes_max = 1'000;
/// Maximum number of MOVED or ASK redirections that one command of a cluster follows; a further one is its reply.
inline constexpr std::uint32_t cluster_redirects_max = 16;
/// Maximum time between refreshes of a cluster's slot map; it is refreshed earlier when something indicates a change.
inline constexpr std::chrono::milliseconds cluster_refresh{60'000};
/// Maximum time that the destructor of a blocking emitter spends on sending queued messages.
inline constexpr std::chrono::milliseconds close_timeout{5'000};
/// Time for which an emitter waits for a server that reads nothing.
inline constexpr std::chrono::milliseconds slow_server_wait{5'000};

}  // namespace socketio::limits
