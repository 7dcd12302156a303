#pragma once

// What the tests of a client of a cluster share.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/redis/client.hpp>
#include <support/redis_recorders.hpp>

#include "fake_cluster.hpp"
#include "slot_map.hpp"

namespace fake {

namespace redis = socketio::redis;

inline constexpr int last_slot = redis::slot_count - 1;

inline redis::Options quick(const std::vector<std::uint16_t>& ports) {
  redis::Options options;
  options.topology = redis::Topology::cluster;
  for (const std::uint16_t port : ports) {
    options.endpoints.push_back({"127.0.0.1", port});
  }
  options.backoff_min = std::chrono::milliseconds(1);
  options.backoff_max = std::chrono::milliseconds(4);
  return options;
}

inline std::string moved(const std::string& key, const Node& to) {
  return "-MOVED " + std::to_string(redis::slot_of(key)) + " 127.0.0.1:" + std::to_string(to.port()) + "\r\n";
}

inline std::string ask(const std::string& key, const Node& to) { return "-ASK" + moved(key, to).substr(6); }

/// Two nodes: the first owns everything, and only that one is known at first.
struct Two {
  Node a;
  Node b;
  Two() { give_all_to(a); }
  void give_all_to(const Node& owner) {
    a.set_slots(slots_reply({{last_slot, owner.port()}}));
    b.set_slots(slots_reply({{last_slot, owner.port()}}));
  }
};

inline std::vector<std::string> payloads(const Node& node, const std::string& name) {
  std::vector<std::string> result;
  for (const Words& words : node.commands()) {
    if (words[0] == name) {
      result.push_back(words.back());
    }
  }
  return result;
}

inline redis::CommandResult ask_client(recorders::Loop& loop, redis::Client& client, std::vector<std::string_view> words) {
  std::optional<redis::CommandResult> answer;
  client.command(words, [&answer](redis::CommandResult result) { answer = std::move(result); });
  REQUIRE(recorders::wait(loop, [&] { return answer.has_value(); }));
  return *answer;
}

}  // namespace fake
