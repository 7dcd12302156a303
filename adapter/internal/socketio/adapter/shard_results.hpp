#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <socketio/adapter/selection.hpp>
#include <socketio/adapter/shard.hpp>

// Results of several shards, combined into one.
namespace socketio::adapter {

void append(Sockets& all, Sockets part, Form form);
/// Sorts names and removes repeated ones.
void sort_and_unify(std::vector<std::string>& names);

/// Fetches the selected sockets of all shards; calls `done` once, when all have responded.
void fetch_sockets(std::span<Shard* const> shards, const Selection& selection, Form form, std::function<void(Sockets)> done);
/// Lists the rooms of all shards, in no order; calls `done` once, when all have responded.
void list_rooms(std::span<Shard* const> shards, std::function<void(std::vector<std::string>)> done);

}  // namespace socketio::adapter
