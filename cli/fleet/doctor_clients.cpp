// Findings from the connections to Redis: output buffers that are almost full, and subscribers without a publisher.

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/text.hpp"
#include "common/units.hpp"
#include "doctor.hpp"

namespace socketio::cli::fleet {
namespace {

struct BufferLimit {
  std::uint64_t hard = std::uint64_t{32} << 20;  ///< Redis' defaults
  std::uint64_t soft = std::uint64_t{8} << 20;
  std::string seconds = "60";
};

/// Reads the limit of one kind from "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60".
std::optional<BufferLimit> read_limit(std::string_view text, std::string_view kind) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    words.push_back(text.substr(0, text.find(' ')));
    text.remove_prefix(std::min(text.size(), words.back().size() + 1));
  }
  const auto found = std::find(words.begin(), words.end(), kind);
  if (words.end() - found < 4) {
    return std::nullopt;
  }
  return BufferLimit{units::count(found[1]).value_or(0), units::count(found[2]).value_or(0), std::string(found[3])};
}

/// Largest message that clients may send, unless servers have another maxHttpBufferSize.
constexpr std::uint64_t message_bytes_usual = 1'000'000;

void check_limit(Examination& fleet, const BufferLimit& limit, std::string_view kind) {
  const std::uint64_t message = std::max(fleet.message_bytes_max, message_bytes_usual);
  if (limit.hard == 0 || limit.hard > message || fleet.buses.empty()) {
    return;
  }
  fleet.findings.push_back(
      {"buffers",
       "One large message is enough for Redis to disconnect a server that gets it, and the message is lost: the limit of "
       "output buffers is lower.",
       "client-output-buffer-limit " + std::string(kind) + " is " + units::counted(limit.hard, "byte") + " at once; " +
           (fleet.message_bytes_max > message_bytes_usual
                ? "a message of " + units::grouped(message) + " bytes was seen."
                : "clients may send " + units::grouped(message) + " bytes (maxHttpBufferSize, unless servers change it)."),
       "Raise it well above the largest message (32mb is the default of pubsub, 0 of normal: no limit)."});
}

}  // namespace

namespace {

bool has_silent_servers(const Examination& fleet, Bus bus) {
  return std::any_of(fleet.places.begin(), fleet.places.end(),
                     [bus](const Place& place) { return place.bus == bus && place.answered < place.servers; });
}

}  // namespace

/// Classic and sharded servers publish and subscribe on different connections. If servers do not respond and a subscriber has
/// no publishing connection here, its process publishes to another Redis.
void check_connections(Examination& fleet) {
  for (const Bus bus : {Bus::classic, Bus::sharded}) {
    const bool one_node = fleet.options.common.redis.topology != redis::Topology::cluster;
    if (!fleet.clients || !has_silent_servers(fleet, bus) || !one_node) {
      continue;
    }
    std::vector<std::string> alone;
    for (const auto& [subscriber, publisher] : pairs_of(*fleet.clients, bus)) {
      const bool has_publisher = publisher != nullptr && distance(*subscriber, *publisher) <= pair_distance_max;
      if (!has_publisher && subscriber->text("resp") != "3") {
        alone.push_back(subscriber->describe());
      }
    }
    if (!alone.empty()) {
      fleet.findings.push_back(
          {"connections",
           units::counted(alone.size(), "server") + " (" + std::string(name_of(bus)) +
               (alone.size() == 1 ? ") subscribes here and seems to have" : ") subscribe here and seem to have") +
               " no connection for publishing: the others do not receive what it publishes elsewhere.",
           "Servers do not answer, and no other connection from the same host was made next to the subscriber " +
               shown_some(alone) + " (CLIENT LIST).",
           "Compare the Redis of its two clients: the adapter's pubClient and subClient."});
    }
  }
}

void check_buffers(Examination& fleet) {
  BufferLimit limit;
  const auto setting = fleet.redis.ask({"CONFIG", "GET", "client-output-buffer-limit"});
  if (setting.outcome == redis::Outcome::ok && setting.reply.elements.size() == 2) {
    limit = read_limit(setting.reply.elements[1].text, "pubsub").value_or(limit);
    check_limit(fleet, limit, "pubsub");
    if (fleet.looks_at(Bus::streams)) {
      check_limit(fleet, read_limit(setting.reply.elements[1].text, "normal").value_or(BufferLimit{0, 0, "0"}), "normal");
    }
  } else {
    fleet.not_checked.push_back("the limits of output buffers, because Redis does not tell them (" +
                                text::excerpt(setting.message, 200) + "): its defaults are assumed.");
  }
  if (!fleet.clients) {
    return;
  }
  for (const ClientLine& client : *fleet.clients) {
    const std::uint64_t bytes = client.number("omem");
    const bool near_hard = limit.hard != 0 && bytes >= limit.hard / 2;
    const bool near_soft = limit.soft != 0 && bytes >= limit.soft / 2;
    if (!client.subscribes() || !(near_hard || near_soft)) {
      continue;
    }
    fleet.findings.push_back({"buffers",
                              "The subscriber at " + client.describe() +
                                  " reads too slowly: Redis is about to disconnect it, and what it has not read is lost.",
                              units::grouped(bytes) + " bytes wait for it (CLIENT LIST, omem); the limit is " +
                                  (limit.hard == 0 ? "none" : units::grouped(limit.hard)) + " at once, " +
                                  (limit.soft == 0 ? "none" : units::grouped(limit.soft)) + " for " + limit.seconds +
                                  " s (client-output-buffer-limit pubsub).",
                              "See what keeps that process from reading: a blocked event loop, too little CPU, a slow network. "
                              "Send less to all (rooms "
                              "with the sharded adapter), or raise the limit."});
  }
}

}  // namespace socketio::cli::fleet
