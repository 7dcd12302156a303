#pragma once

#include <socketio/emitter.hpp>
#include <socketio/emitter/find_transport.hpp>

#include "common/console.hpp"
#include "common/exit_status.hpp"
#include "common/explain.hpp"
#include "common/options.hpp"
#include "common/signals.hpp"

// Finds the servers of the fleet and chooses the transport.
namespace socketio::cli {

/// Options of the Redis client that follow from --timeout and --verbose.
redis::Options redis_options(const Options& options, Console& console);

/// The result of one query to Redis, on a new connection. `ask(client, done)` calls `done` once.
///
/// Fails      Failure(refused) without a connection or a reply, Failure(interrupted or terminated).
template <typename Found, typename Ask>
Found query(const Options& options, Console& console, const Signals& signals, const Ask& ask) {
  constexpr std::chrono::milliseconds slice{100};  // longest wait between two checks for signals
  Loop loop;
  std::optional<Found> found;
  redis::Client client(loop, redis_options(options, console));
  client.connect();
  ask(client, [&found](const Found& result) { found = result; });
  const auto deadline = std::chrono::steady_clock::now() + options.timeout;
  const auto failed = [&client] {
    return client.state() != redis::State::ready && client.counters().failed_attempts + client.counters().disconnects != 0;
  };
  while (!found && !failed() && signals.pending() == 0 && std::chrono::steady_clock::now() < deadline) {
    loop.run_until([&] { return found.has_value() || failed(); }, slice);
  }
  signals.fail_if_pending();
  if (!found) {
    const std::string& error = client.last_error();
    fail_refused(explain::no_connection(error.empty() ? explain::no_reply : error, options));
  }
  return *std::move(found);
}

/// Emitter options with the fleet and the transports.
EmitterOptions emitter_options(const Options& options);

/// False for the channel of one room, to which only servers with a client in that room are subscribed.
[[nodiscard]] bool goes_to_all_servers(const Options& options, const OwnedOperation& operation);

/// Names of the transports: "classic", or "classic and streams".
std::string transports_text(const Options& options);

/// Finds the transport that the fleet uses and stores it in the options, see choose_transport(). Used for requests only: the
/// Publisher sends events, and queries the fleet over its own connection.
///
/// Fails      as choose_transport(), Failure(refused) without Redis, Failure(interrupted or terminated).
void look_at_fleet(Options& options, Console& console, const Signals& signals);

/// Finds classic servers with the same key, which server-side events for a streams fleet would crash, and stores in the options
/// whether there are any. Fails as look_at_fleet().
void look_for_classic(Options& options, Console& console, const Signals& signals);

/// Chooses the transport to send by, and stores it and the number of streams in the options.
///
/// Fails      Failure(usage) when no transport is in use (unless by default) or several are, Failure(refused) when Redis does
///            not report it (unless by default or named), or when the named transport has no servers but another one has.
void choose_transport(Options& options, Console& console, const FoundTransport& found);
/// A sentence on why clients in the namespace would not get what is sent by the chosen transports: servers listen there, but by
/// other transports only. Empty when there is no such problem.
[[nodiscard]] std::string other_transport_problem(const Options& options, const FoundTransport& found, const std::string& nsp);
/// Number of servers on the chosen transports, and number of further subscribers that Redis counts as receivers of every
/// publish.
[[nodiscard]] std::uint64_t servers_of(const Options& options, const FoundTransport& found);
[[nodiscard]] std::uint64_t taps_of(const Options& options, const FoundTransport& found);
/// Number of subscribers that are subscribed as servers are, but are not servers.
[[nodiscard]] std::uint64_t strangers_of(const Options& options, const FoundTransport& found);
/// Number of servers of another transport that are subscribed to the channel by which classic emits to a namespace go: streams
/// servers have one of the same name.
[[nodiscard]] std::uint64_t beside_of(const Options& options, const FoundTransport& found);
/// Checks whether any room of the namespace has a channel, as in a sharded fleet with a dynamic mode, and stores the result in
/// the options. Never fails: without a result the options stay unchanged.
void look_for_room_channels(Options& options, Console& console, const Signals& signals);
/// Classic servers of a generation that has no response channel of its own: socket.io-redis 6, redis-adapter 7.0.
struct OlderServers {
  redis::Outcome outcome = redis::Outcome::ok;  ///< other than ok: Redis refused or did not respond
  std::string message;                          ///< then, the reason
  std::uint64_t count = 0;
};
/// Counts them by the subscribers of the response channels. Calls `done` once.
void find_older_servers(redis::Client& client, const Options& options, const std::string& nsp,
                        std::function<void(const OlderServers&)> done);
/// For example "2 servers in namespace / are of an older generation (socket.io-redis 6 or redis-adapter 7.0)".
[[nodiscard]] std::string older_servers_text(const OlderServers& older, const std::string& nsp);
/// True if the options require a query for the servers of the fleet.
[[nodiscard]] bool looks_at_fleet(const Options& options);

}  // namespace socketio::cli
