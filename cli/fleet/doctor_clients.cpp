// Findings from the connections to Redis: output buffers that are almost full, subscribers without a publisher, and streams
// servers that do not read. Redis shows which connections wait in XREAD and in which database, but not the stream.

#include <map>

#include "common/text.hpp"
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
  const std::vector<std::string_view> words = text::split(text, ' ');
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
  fleet.report(
      "buffers",
      "One large message is enough for Redis to disconnect a server that gets it, and the message is lost: the limit of "
      "output buffers is lower.",
      "client-output-buffer-limit " + std::string(kind) + " is " + units::counted(limit.hard, "byte") + " at once; " +
          (fleet.message_bytes_max > message_bytes_usual
               ? "a message of " + units::grouped(message) + " bytes was seen."
               : "clients may send " + units::grouped(message) + " bytes (maxHttpBufferSize, unless servers change it)."),
      "Raise it well above the largest message (32mb is the default of pubsub, 0 of normal: no limit).");
}

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
      fleet.report("connections",
                   units::counted(alone.size(), "server") + " (" + std::string(name_of(bus)) +
                       (alone.size() == 1 ? ") subscribes here and seems to have" : ") subscribe here and seem to have") +
                       " no connection for publishing: the others do not receive what it publishes elsewhere.",
                   "Servers do not answer, and no other connection from the same host was made next to the subscriber " +
                       shown_some(alone) + " (CLIENT LIST).",
                   "Compare the Redis of its two clients: the adapter's pubClient and subClient.");
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
    fleet.report("buffers",
                 "The subscriber at " + client.describe() +
                     " reads too slowly: Redis is about to disconnect it, and what it has not read is lost.",
                 units::grouped(bytes) + " bytes wait for it (CLIENT LIST, omem); the limit is " +
                     (limit.hard == 0 ? "none" : units::grouped(limit.hard)) + " at once, " +
                     (limit.soft == 0 ? "none" : units::grouped(limit.soft)) + " for " + limit.seconds +
                     " s (client-output-buffer-limit pubsub).",
                 "See what keeps that process from reading: a blocked event loop, too little CPU, a slow network. "
                 "Send less to all (rooms "
                 "with the sharded adapter), or raise the limit.");
  }
}

// Checks whether every streams server reads its streams. Redis shows which connections wait in XREAD and in which database, but
// not the stream.
namespace {

/// Longest idle time of a reader: it waits in XREAD for 5 s at a time, and then repeats it at once.
constexpr std::uint64_t idle_seconds_max = 6;
/// Number of CLIENT LIST queries: a reader that is processing entries during one of them is waiting during another.
constexpr int looks_max = 10;
constexpr std::chrono::milliseconds between_looks{100};

/// Connections that read streams, by database, without duplicates.
using Readers = std::map<std::uint64_t, std::set<std::string>>;

bool is_blocked(const ClientLine& client) { return client.text("flags").find('b') != std::string_view::npos; }

void note_readers(const std::vector<ClientLine>& clients, Readers& readers, std::set<std::string>& stopped) {
  for (const ClientLine& client : clients) {
    if (client.is_tool() || !client.runs_xread()) {
      continue;
    }
    const bool reads = is_blocked(client) || client.number("idle") <= idle_seconds_max;
    (reads ? readers[client.number("db")] : stopped).insert(client.describe());
  }
}

std::uint64_t servers_of(const Examination& fleet) {
  std::uint64_t servers = 0;
  for (const Place& place : fleet.places) {
    if (place.bus == Bus::streams) {
      servers = std::max(servers, place.servers);
    }
  }
  return servers;
}

bool has_finding(const Examination& fleet, std::string_view check) {
  return std::any_of(fleet.findings.begin(), fleet.findings.end(),
                     [check](const Finding& finding) { return finding.check == check; });
}

void report_databases(Examination& fleet, const Readers& readers, std::uint64_t own) {
  std::vector<std::string> databases;
  std::vector<std::string> others;
  for (const auto& [database, addresses] : readers) {
    databases.push_back(units::counted(addresses.size(), "reader") + " in database " + std::to_string(database));
    if (database != own) {
      others.insert(others.end(), addresses.begin(), addresses.end());
    }
  }
  fleet.report("stream-database",
               "Streams are read in another database than " + std::to_string(own) +
                   ": servers that use different databases do not receive each other's events, though they count "
                   "each other.",
               shown_some(databases) + " (CLIENT LIST: cmd=xread). Not in database " + std::to_string(own) + ": " +
                   shown_some(others) + ".",
               "Give the Redis clients of all servers the same database, and name it in --redis (redis://host/" +
                   std::to_string(readers.begin()->first == own && readers.size() > 1 ? std::next(readers.begin())->first
                                                                                      : readers.begin()->first) +
                   ").");
}

}  // namespace

void check_readers(Examination& fleet) {
  const std::uint64_t servers = servers_of(fleet);
  if (!fleet.clients || servers == 0) {
    return;
  }
  const std::uint64_t own = fleet.options.common.redis.database;
  // If the servers have another streamCount, the number of readers per server is unknown.
  const std::uint64_t wanted = servers * (has_finding(fleet, "stream-count") ? 1 : fleet.options.common.stream_count);
  Readers readers;
  std::set<std::string> stopped;
  std::vector<ClientLine> clients = *fleet.clients;
  for (int look = 0; look < looks_max; ++look) {
    note_readers(clients, readers, stopped);
    if (readers[own].size() >= wanted) {
      return;
    }
    fleet.redis.wait([] { return false; }, between_looks);
    const auto list = fleet.redis.ask({"CLIENT", "LIST"});
    clients = list.outcome == redis::Outcome::ok ? read_client_list(list.reply.text) : std::vector<ClientLine>();
  }
  const std::uint64_t here = readers[own].size();
  if (here == 0) {
    readers.erase(own);
  }
  if (readers.size() > (here == 0 ? 0U : 1U)) {
    report_databases(fleet, readers, own);
    return;
  }
  const std::uint64_t missing = wanted - here;
  fleet.report("stream-readers",
               units::counted(missing, "stream reader") + (missing == 1 ? " is" : " are") +
                   " missing: " + (servers == 1 ? "the server does" : "some servers do") + " not receive what is written to " +
                   (fleet.options.common.stream_count == 1 ? "the stream" : "a stream") + ", though " +
                   (servers == 1 ? "it answers." : "they answer."),
               units::counted(servers, "server") + (servers == 1 ? " needs " : " need ") +
                   units::counted(wanted, "connection") + (wanted == 1 ? " that waits" : " that wait") + " in XREAD; there " +
                   (here == 1 ? "is " : "are ") + units::grouped(here) + " (CLIENT LIST)." +
                   (stopped.empty() ? "" : " Stopped: " + shown_some({stopped.begin(), stopped.end()}) + "."),
               "Restart the servers that get no events: after a failover, or when their reading connection is "
               "lost for good, official servers do not read again by themselves.");
}

}  // namespace socketio::cli::fleet
