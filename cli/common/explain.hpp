#pragma once

#include "options.hpp"

// Turns errors of Redis and of the network into advice.
namespace socketio::cli::explain {

inline constexpr const char* no_reply = "Redis did not answer in time.";

/// Explains why there is no connection. `error` is a sentence of the Redis client.
std::string no_connection(const std::string& error, const Options& options);

/// Explains that a single node of a Redis Cluster does not suffice, and which URL does.
std::string one_cluster_node(const Options& options);

/// Explains why Redis refused a publish. `error` is Redis' own text; `channel` may be empty when it is not known.
std::string refusal(std::string_view error, const Options& options, Op op, std::string_view channel);

/// Explains why a request could not be sent. `error` is a sentence of the library, or ends with Redis' own text.
std::string not_asked(const std::string& error, const Options& options);

}  // namespace socketio::cli::explain
