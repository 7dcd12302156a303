#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <socketio/adapter/shard.hpp>

// Combines results of several shards.
namespace socketio::adapter {

inline void append(Sockets& all, Sockets&& part, Form form) {
  if (form == Form::json && all.count != 0 && part.count != 0) {
    all.packed.push_back(',');
  }
  all.count += part.count;
  if (all.packed.empty()) {
    all.packed = std::move(part.packed);
  } else {
    all.packed.append(part.packed.bytes());
  }
}

/// Sorts names and removes repeated ones.
inline void sort_and_unify(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace socketio::adapter
