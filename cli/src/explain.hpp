#pragma once

#include <string>
#include <string_view>

#include "options.hpp"

// What Redis and the network say, turned into what to do about it.
namespace socketio::cli::explain {

/// Why there is no connection: `error` is a sentence of the Redis client.
std::string no_connection(const std::string& error, const Options& options);

/// Why Redis refused a publish: `error` is its own text. `channel` may be empty when it is not known.
std::string refusal(std::string_view error, const Options& options, Op op, std::string_view channel);

/// Why a question could not be asked: `error` is a sentence of the library, or ends in Redis' own text.
std::string not_asked(const std::string& error, const Options& options);

}  // namespace socketio::cli::explain
