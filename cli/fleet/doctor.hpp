#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commander.hpp"
#include "detect.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// Something that is wrong with a fleet, in sentences.
struct Finding {
  std::string_view check;
  std::string problem;
  std::string seen;    ///< how that was found out
  std::string advice;  ///< what to do about it
};

/// A line of CLIENT LIST.
struct ClientLine {
  std::map<std::string, std::string, std::less<>> members;
  [[nodiscard]] std::string_view text(std::string_view name) const;
  [[nodiscard]] std::uint64_t number(std::string_view name) const;
  [[nodiscard]] bool subscribes() const { return number("sub") + number("psub") + number("ssub") != 0; }
  [[nodiscard]] bool is_tool() const { return text("name").starts_with("socketio-fleet-"); }
  /// It has at least the subscriptions of a server of that transport. Other subscribers may have as many.
  [[nodiscard]] bool subscribes_as_server(Bus bus) const;
  [[nodiscard]] bool runs_xread() const { return text("cmd") == "xread"; }
  [[nodiscard]] std::string_view host() const;  ///< of `addr`
  [[nodiscard]] std::string describe() const;   ///< address, name and library, for a sentence
};
std::vector<ClientLine> read_client_list(std::string_view text);

/// How many connections Redis has accepted from one to the other.
std::uint64_t distance(const ClientLine& a, const ClientLine& b);
/// A process makes its two connections one after the other, though not alone: farther ones are hardly of one process.
constexpr std::uint64_t pair_distance_max = 8;

/// For each server's subscriber in `clients`, the connection by which the same process probably publishes: one of the same host
/// that subscribes to nothing, the last before the subscriber if that is near, else the nearest. Null where there is none.
std::vector<std::pair<const ClientLine*, const ClientLine*>> pairs_of(const std::vector<ClientLine>& clients, Bus bus);

/// "a, b and 3 more"
std::string shown_some(const std::vector<std::string>& items, std::size_t items_max = 8);

/// A namespace on one transport, and how its servers answered.
struct Place {
  Bus bus = Bus::classic;
  std::string nsp;
  std::uint64_t servers = 0;  ///< that are known to be servers
  std::uint64_t answered = 0;
  std::optional<std::uint64_t> slowest_ms;  ///< of the answers that came
  std::set<std::string> uids;               ///< sharded, streams
};

/// What the checks share: a fleet that is looked at, and what was found.
struct Examination {
  Commander& redis;
  Options& options;  ///< a copy: the number of streams is that of the fleet, unless the user has named it
  Console& console;
  const StopSignals& signals;
  FoundNamespaces fleet{};
  bool knows_servers = true;                         ///< false: Redis does not tell who is subscribed
  bool use_sharded_pubsub = false;                   ///< the streams servers do: their channels look like those of sharded ones
  bool has_seen_stream = true;                       ///< streams: one with the name of the options exists, as far as is known
  std::vector<Bus> buses{};                          ///< that are looked at
  std::optional<std::vector<ClientLine>> clients{};  ///< nothing when Redis does not tell

  std::vector<Place> places{};          ///< whose servers were asked
  std::uint64_t message_bytes_max = 0;  ///< of the messages that --listen saw
  std::vector<Finding> findings{};
  std::vector<std::string> not_checked{};  ///< what could not be looked at, and why

  [[nodiscard]] bool looks_at(Bus bus) const;
  [[nodiscard]] const std::string& key() const noexcept { return options.common.key; }
};

/// How many streams there are, and whether the subscribers that look sharded are a streams fleet.
void look_at_streams(Examination& fleet);

void check_servers(Examination& fleet);      ///< "servers", "transports", "version"
void check_replicas(Examination& fleet);     ///< "replica"
void check_answers(Examination& fleet);      ///< "answers", "counts", "subscriptions", "slow"; fills in `places`
void check_namespaces(Examination& fleet);   ///< "namespaces"
void check_generations(Examination& fleet);  ///< "older-servers"
void check_modes(Examination& fleet);        ///< "modes"
void check_messages(Examination& fleet);     ///< "malformed", "strangers"
void check_connections(Examination& fleet);  ///< "connections"
void check_buffers(Examination& fleet);      ///< "buffers"
void check_rights(Examination& fleet);       ///< "rights"
void check_streams(Examination& fleet);      ///< "stream-count", "stream-length", "stream-name", "stream-type"
void check_readers(Examination& fleet);      ///< "stream-readers", "stream-database"
void check_memory(Examination& fleet);       ///< "memory"

/// Asks the servers of a namespace for their sockets in a room: the uids of those that have any. Nothing when they cannot be
/// asked.
std::optional<std::set<std::string>> servers_with_room(Examination& fleet, const std::string& nsp, const std::string& room);

}  // namespace socketio::cli::fleet
