#pragma once

#include <set>

#include <socketio/emitter/client_list.hpp>

#include "commander.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// A problem of a fleet, in sentences.
struct Finding {
  std::string_view check;
  std::string problem;
  std::string seen;    ///< evidence of the problem
  std::string advice;  ///< recommended action
};

/// A line of CLIENT LIST.
struct ClientLine : client_list::Line<std::string> {
  using Line::Line;
  /// True if it has at least the subscriptions of a server on that transport. Other subscribers may have as many.
  [[nodiscard]] bool subscribes_as_server(Bus bus) const;
  [[nodiscard]] std::string_view host() const { return text("addr").substr(0, text("addr").rfind(':')); }
  [[nodiscard]] std::string describe() const;  ///< address, name and library, for a sentence
};
std::vector<ClientLine> read_client_list(std::string_view text);
/// The connections to Redis now. Empty, with the reason in `refusal`, when Redis does not list them.
std::optional<std::vector<ClientLine>> list_clients(Commander& redis, std::string* refusal = nullptr);

/// Number of connections that Redis has accepted from one to the other.
std::uint64_t distance(const ClientLine& a, const ClientLine& b);
/// Largest distance of two connections that probably belong to one process: it opens them in sequence, while others connect
/// too.
constexpr std::uint64_t pair_distance_max = 8;

/// Pairs each server's subscriber in `clients` with the connection on which the same process probably publishes: one from the
/// same host without subscriptions, preferably the last before the subscriber if that is near, otherwise the nearest. Null when
/// there is none.
std::vector<std::pair<const ClientLine*, const ClientLine*>> pairs_of(const std::vector<ClientLine>& clients, Bus bus);

/// A list for a sentence, such as "a, b and 3 more".
std::string shown_some(const std::vector<std::string>& items, std::size_t items_max = 8);

/// A namespace on one transport, and the responses of its servers.
struct Place {
  Bus bus = Bus::classic;
  std::string nsp;
  std::uint64_t servers = 0;  ///< subscribers that are known to be servers
  std::uint64_t answered = 0;
  std::optional<std::uint64_t> slowest_ms;  ///< slowest response, of those that arrived
  std::set<std::string> uids;               ///< sharded, streams: uids of the servers
};

/// State that the checks share: the examined fleet, and the findings.
struct Examination {
  Commander& redis;
  Options& options;  ///< a copy: has the fleet's number of streams, unless the user gave one
  Console& console;
  const StopSignals& signals;
  FoundNamespaces fleet{};
  bool knows_servers = true;                         ///< false when Redis does not list subscribers
  std::string refusal{};                             ///< why it does not
  bool use_sharded_pubsub = false;                   ///< the streams servers use it: their channels look like sharded ones
  bool has_seen_stream = true;                       ///< streams: one with the name of the options exists, as far as is known
  std::vector<Bus> buses{};                          ///< the transports to examine
  std::optional<std::vector<ClientLine>> clients{};  ///< empty when Redis does not list them

  std::vector<Place> places{};          ///< whose servers received a request
  std::uint64_t message_bytes_max = 0;  ///< of the messages received with --listen
  std::vector<Finding> findings{};
  std::vector<std::string> not_checked{};  ///< checks that were impossible, and the reasons

  [[nodiscard]] bool looks_at(Bus bus) const { return std::find(buses.begin(), buses.end(), bus) != buses.end(); }
  void report(std::string_view check, std::string problem, std::string seen, std::string advice) {
    findings.push_back({check, std::move(problem), std::move(seen), std::move(advice)});
  }
  /// Servers that look sharded are a streams fleet that uses sharded pub/sub.
  void take_sharded_for_streams();
  [[nodiscard]] const std::string& key() const noexcept { return options.common.key; }
};

/// Finds the number of streams, and whether subscribers that look sharded are a streams fleet.
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

/// Requests the sockets in a room from the servers of a namespace, and returns the uids of the servers that have any. Empty
/// when the request cannot be sent.
std::optional<std::set<std::string>> servers_with_room(Examination& fleet, const std::string& nsp, const std::string& room);

}  // namespace socketio::cli::fleet
