// Checks whether every streams server reads its streams. Redis shows which connections wait in XREAD and in which database, but
// not the stream.

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/text.hpp"
#include "common/units.hpp"
#include "doctor.hpp"

namespace socketio::cli::fleet {
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
  fleet.findings.push_back(
      {"stream-database",
       "Streams are read in another database than " + std::to_string(own) +
           ": servers that use different databases do not receive each other's events, though they count "
           "each other.",
       shown_some(databases) + " (CLIENT LIST: cmd=xread). Not in database " + std::to_string(own) + ": " + shown_some(others) +
           ".",
       "Give the Redis clients of all servers the same database, and name it in --redis (redis://host/" +
           std::to_string(readers.begin()->first == own && readers.size() > 1 ? std::next(readers.begin())->first
                                                                              : readers.begin()->first) +
           ")."});
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
  fleet.findings.push_back({"stream-readers",
                            units::counted(missing, "stream reader") + (missing == 1 ? " is" : " are") + " missing: " +
                                (servers == 1 ? "the server does" : "some servers do") + " not receive what is written to " +
                                (fleet.options.common.stream_count == 1 ? "the stream" : "a stream") + ", though " +
                                (servers == 1 ? "it answers." : "they answer."),
                            units::counted(servers, "server") + (servers == 1 ? " needs " : " need ") +
                                units::counted(wanted, "connection") + (wanted == 1 ? " that waits" : " that wait") +
                                " in XREAD; there " + (here == 1 ? "is " : "are ") + units::grouped(here) + " (CLIENT LIST)." +
                                (stopped.empty() ? "" : " Stopped: " + shown_some({stopped.begin(), stopped.end()}) + "."),
                            "Restart the servers that get no events: after a failover, or when their reading connection is "
                            "lost for good, official servers do not read again by themselves."});
}

}  // namespace socketio::cli::fleet
