// Findings about Redis itself: whether it is the master, and whether it may evict data of the fleet.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "common/exit_status.hpp"
#include "common/text.hpp"
#include "common/units.hpp"
#include "doctor.hpp"
#include "names.hpp"

namespace socketio::cli::fleet {
namespace {

using redis::Reply;

/// Longest wait for a replica.
constexpr std::chrono::milliseconds replica_timeout{2'000};

std::string address(const Reply& host, const Reply& port) {
  return text::excerpt(host.text, 200) + ":" + (port.text.empty() ? std::to_string(port.integer) : text::excerpt(port.text));
}

/// Number of the fleet's namespaces with subscribers at that Redis. Empty when Redis does not report it.
std::optional<std::size_t> server_channels_at(Examination& fleet, const std::string& host, std::uint16_t port) {
  Options there = fleet.options;
  there.common.redis.topology = redis::Topology::standalone;
  there.common.redis.unix_path.clear();
  there.common.redis.host = host;
  there.common.redis.port = port;
  there.common.timeout = std::min(fleet.options.common.timeout, replica_timeout);
  try {
    Commander redis(fleet.redis.loop(), there, "doctor", fleet.console, fleet.signals);
    redis.connect();
    const FoundNamespaces found = look_at_fleet(redis, there);
    return found.classic.size() + found.sharded.size() + found.streams.size();
  } catch (const Failure&) {
    if (fleet.signals.pending() != 0) {
      throw;
    }
    return std::nullopt;
  }
}

/// The value of a line `name:value` of INFO.
std::string_view info(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return line.substr(name.size() + 1);
    }
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return {};
}

void check_eviction(Examination& fleet, std::uint64_t limit, const std::string& policy) {
  const bool keys = policy.starts_with("allkeys");
  fleet.findings.push_back(
      {"memory",
       "When its memory is full, this Redis removes " +
           std::string(keys ? "any key: also streams, which servers read, and"
                            : "keys "
                              "that expire: also the") +
           " sessions of clients that want to recover.",
       "maxmemory is " + units::counted(limit, "byte") + ", maxmemory-policy is " + text::excerpt(policy) + ".",
       "Set maxmemory-policy to noeviction, or give the fleet a Redis of its own."});
}

}  // namespace

void check_replicas(Examination& fleet) {
  if (fleet.options.common.redis.topology == redis::Topology::cluster) {
    return;  // all nodes, replicas included, forward what is published
  }
  const auto role = fleet.redis.ask({"ROLE"});
  const std::vector<Reply>& parts = role.reply.elements;
  if (role.outcome != redis::Outcome::ok || parts.empty()) {
    fleet.not_checked.push_back("replicas, because Redis does not tell its role (" + text::excerpt(role.message, 200) + ").");
    return;
  }
  if (parts[0].text == "slave" && parts.size() >= 3) {
    const std::string master = address(parts[1], parts[2]);
    fleet.findings.push_back(
        {"replica",
         "This Redis is a replica of " + master +
             ": what is published here reaches only subscribers that are connected here, and streams "
             "cannot be written.",
         "It says so itself (ROLE).",
         "Connect servers, emitters and this tool to the master " + master + ", or through its sentinels."});
    return;
  }
  for (const Reply& replica : parts.size() >= 3 ? parts[2].elements : std::vector<Reply>()) {
    if (replica.elements.size() < 2) {
      continue;
    }
    const std::string where = address(replica.elements[0], replica.elements[1]);
    const auto port = units::count(replica.elements[1].text).value_or(0);
    const auto channels = server_channels_at(fleet, replica.elements[0].text, static_cast<std::uint16_t>(port));
    if (!channels) {
      fleet.not_checked.push_back("whether servers are connected to the replica " + where + ", which cannot be asked.");
    } else if (*channels != 0) {
      fleet.findings.push_back({"replica",
                                "Servers are connected to the replica " + where +
                                    ": the others do not receive what they publish, and they cannot write streams.",
                                "Channels of " + units::counted(*channels, "namespace") + " have subscribers there (PUBSUB).",
                                "Connect these servers to the master, or through its sentinels."});
    }
  }
}

void check_memory(Examination& fleet) {
  if (!fleet.looks_at(Bus::streams)) {
    return;  // the other transports keep nothing in Redis
  }
  const auto answer = fleet.redis.ask({"INFO", "memory"});
  if (answer.outcome != redis::Outcome::ok) {
    fleet.not_checked.push_back("memory, because Redis does not tell (" + text::excerpt(answer.message, 200) + ").");
    return;
  }
  const std::uint64_t limit = units::count(info(answer.reply.text, "maxmemory")).value_or(0);
  const std::uint64_t used = units::count(info(answer.reply.text, "used_memory")).value_or(0);
  const std::string policy(info(answer.reply.text, "maxmemory_policy"));
  if (limit != 0 && used >= limit && policy == "noeviction") {
    fleet.findings.push_back({"memory", "The memory of this Redis is full: it refuses every event for a streams fleet.",
                              units::counted(used, "byte") + " are used, maxmemory is " + units::counted(limit, "byte") + ".",
                              "Raise maxmemory, or find what fills it: streams grow with maxLen."});
  } else if (limit != 0 && !policy.empty() && policy != "noeviction") {
    check_eviction(fleet, limit, policy);
  }
}

}  // namespace socketio::cli::fleet
