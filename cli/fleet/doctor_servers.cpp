// Findings about the servers: their transports, keys and namespaces.

#include <map>

#include "common/text.hpp"
#include "doctor.hpp"
#include "names.hpp"

namespace socketio::cli::fleet {
namespace {

/// The key of a channel that servers subscribe to: `KEY` of `KEY-request#/nsp#`, or of `KEY#/nsp#`. Empty for other channels.
std::string_view key_in(std::string_view channel, Bus bus) {
  const std::string_view mark = bus == Bus::classic ? "-request#/" : "#/";
  const std::size_t at = channel.find(mark);
  const std::string_view key =
      at == std::string_view::npos || !channel.ends_with('#') ? std::string_view() : channel.substr(0, at);
  const bool other = bus != Bus::classic && (key.ends_with("-request") || key.ends_with("-response"));
  return other ? std::string_view() : key;
}

/// All keys that servers on this Redis use, each as `"app" (classic)`.
std::vector<std::string> keys_in_use(Commander& redis) {
  std::set<std::string> keys;
  for (const Bus bus : all_buses) {
    const auto channels = channels_like(redis, bus == Bus::classic ? "*-request#/*#" : "*#/*#", bus == Bus::sharded);
    for (const std::string& channel : channels.value_or(std::vector<std::string>())) {
      if (const std::string_view key = key_in(channel, bus); !key.empty()) {
        keys.insert("\"" + text::excerpt(key) + "\" (" + std::string(name_of(bus)) + ")");
      }
    }
  }
  return {keys.begin(), keys.end()};
}

std::string advice_for_no_server(Examination& fleet, std::optional<Bus> bus) {
  for (const Bus other : all_buses) {
    if (bus && other != *bus && !fleet.fleet.of(other).empty()) {
      return "Servers with this key use the " + std::string(name_of(other)) + " transport: --transport " +
             std::string(name_of(other)) + ".";
    }
  }
  const std::vector<std::string> keys = keys_in_use(fleet.redis);
  return keys.empty()
             ? "Compare the key and the Redis of the servers with --key and --redis; or no server runs."
             : "Servers on this Redis use the key " + shown_some(keys) + ": name it with --key, or correct the servers.";
}

void check_transports(Examination& fleet, const std::string& with_key) {
  std::string names;
  std::size_t in_use = 0;
  for (const Bus bus : all_buses) {
    if (!fleet.fleet.of(bus).empty()) {
      names += (names.empty() ? "" : " and ") + std::string(name_of(bus));
      ++in_use;
    }
  }
  if (in_use > 1) {
    fleet.report("transports", "Servers with " + with_key + " use " + names + ": they do not receive each other's messages.",
                 "Redis has subscribers on the channels of each of them.",
                 "Give all servers the same adapter. Until then, emit to each transport, or give each part of the "
                 "fleet a key of its own.");
  }
}

void check_transport(Examination& fleet, Bus bus, const std::string& with_key) {
  const bool sharded = bus == Bus::sharded;
  const auto known = fleet.redis.ask({"COMMAND", "INFO", sharded ? "SPUBLISH" : bus == Bus::streams ? "XADD" : "PUBLISH"});
  const bool missing = known.outcome == redis::Outcome::ok && !known.reply.elements.empty() &&
                       known.reply.elements[0].type == redis::Reply::Type::nil;
  if (missing) {
    fleet.report("version",
                 "This Redis is too old for the " + std::string(name_of(bus)) + " transport, which needs " +
                     (sharded ? "Redis 7." : "Redis 5."),
                 std::string("It does not know the command ") + (sharded ? "SPUBLISH." : "XADD."),
                 "Use a newer Redis, or the classic adapter.");
  } else if (fleet.fleet.of(bus).empty()) {
    fleet.report("servers", "No server with " + with_key + " listens by the " + std::string(name_of(bus)) + " transport.",
                 "Nobody is subscribed to " +
                     text::excerpt(bus == Bus::classic ? fleet.key() + "-request#...#" : fleet.key() + "#...#", 200) + ".",
                 advice_for_no_server(fleet, bus));
  }
}

}  // namespace

void check_servers(Examination& fleet) {
  if (!fleet.knows_servers) {
    return;
  }
  const std::string with_key = "the key \"" + text::excerpt(fleet.key()) + "\"";
  check_transports(fleet, with_key);
  for (const Bus bus : fleet.buses) {
    check_transport(fleet, bus, with_key);
  }
  if (fleet.buses.empty()) {
    fleet.report("servers", "No server with " + with_key + " listens on this Redis.",
                 "Nobody is subscribed to channels that begin with it.", advice_for_no_server(fleet, {}));
  }
}

void check_namespaces(Examination& fleet) {
  std::map<Bus, std::uint64_t> most;
  for (const Place& place : fleet.places) {
    most[place.bus] = std::max(most[place.bus], place.servers);
  }
  for (const Place& place : fleet.places) {
    if (place.servers < most[place.bus]) {
      const std::string count = units::grouped(place.servers) + " of " + units::counted(most[place.bus], "server");
      fleet.report(
          "namespaces",
          "Namespace " + text::excerpt(place.nsp) + " exists on " + count + " only (" + std::string(name_of(place.bus)) +
              "): clients that reach another one are refused, or are missing from what is asked there.",
          units::grouped(place.servers) + (place.servers == 1 ? " is" : " are") + " subscribed to its channels, " +
              units::grouped(most[place.bus]) + " to those of another namespace.",
          "Define it on every server. If it is made on demand (a dynamic namespace), or a deployment is under way, nothing is "
          "wrong.");
    }
  }
}

/// Reports servers of socket.io-redis 6 and redis-adapter 7.0, which have no response channel of their own.
void check_generations(Examination& fleet) {
  for (const Place& place : fleet.places) {
    if (place.bus != Bus::classic) {
      continue;
    }
    const std::string response = names::response_channel(fleet.key(), place.nsp);
    const auto all = subscribers_of(fleet.redis, response, false);
    const auto own = channels_like(fleet.redis, names::escaped(response) + "*#", false);
    if (!all || !own || *all <= own->size()) {
      continue;
    }
    const std::uint64_t older = *all - own->size();
    if (!own->empty()) {
      fleet.report(
          "older-servers",
          units::counted(older, "server") + " of namespace " + text::excerpt(place.nsp) + (older == 1 ? " is" : " are") +
              " of an older generation (socket.io-redis 6 or redis-adapter 7.0) than the others: "
              "a broadcast that asks clients for acknowledgements (emitWithAck, --ack) ends " +
              (older == 1 ? "it." : "them."),
          units::counted(*all, "subscriber") + " of " + text::excerpt(response, 200) + ", but " +
              units::counted(own->size(), "server") + " with a channel for answers of its own, as newer ones have.",
          "Give all servers @socket.io/redis-adapter 7.2 or newer; ask for no acknowledgements of broadcasts until then.");
    }
  }
}

}  // namespace socketio::cli::fleet
