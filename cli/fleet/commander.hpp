#pragma once

#include <socketio/emitter/find_transport.hpp>
#include <socketio/redis/client.hpp>

#include "common/console.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

using Words = std::vector<std::string_view>;

/// Handles SIGINT, SIGTERM and SIGHUP (unless it was ignored from the start) on a loop: the first signal is stored, a second
/// one ends the program at once; a second SIGHUP does not, because a closed terminal sends several.
class StopSignals {
 public:
  explicit StopSignals(Loop& loop);
  /// The first signal received, or 0.
  [[nodiscard]] int pending() const noexcept { return pending_; }

 private:
  int pending_ = 0;
};

/// Options of the tool's connections to Redis: they have a name that CLIENT LIST shows, and keep reconnecting.
redis::Options connection_options(const Options& options, std::string_view purpose, Console& console);

/// A connection that sends one command at a time and waits for the reply.
class Commander {
 public:
  Commander(Loop& loop, const Options& options, std::string_view purpose, Console& console, const StopSignals& signals);

  /// Connects. Fails with Failure(refused), or Failure(interrupted or terminated). Refuses a single node of a Redis Cluster,
  /// which knows only its own subscribers and keys, unless `one_node_suffices`.
  void connect(bool one_node_suffices = false);
  /// Sends a command and waits for the reply, at most for the timeout. An error reply is Outcome::refused.
  redis::CommandResult ask(const Words& words);
  /// Sends all commands at once and waits for all replies, at most for the timeout.
  std::vector<redis::CommandResult> ask_all(const std::vector<std::vector<std::string>>& commands);
  /// As ask(), but fails with Failure(refused) unless the command succeeds.
  redis::Reply need(const Words& words);
  /// Waits until `done` returns true, for at most `timeout`. False on timeout. Fails with Failure(interrupted or terminated).
  bool wait(const std::function<bool()>& done, std::chrono::milliseconds timeout);

  [[nodiscard]] redis::Client& client() noexcept { return client_; }
  [[nodiscard]] Loop& loop() noexcept { return loop_; }

 private:
  void refuse_cluster_node();

  Loop& loop_;
  const Options& options_;
  const StopSignals& signals_;
  redis::Client client_;
};

// ---- common queries ----

/// The value behind a name in a reply that lists names and values; null when there is none.
const redis::Reply* member(const redis::Reply& pairs, std::string_view name);

/// Channels that match `pattern` and have subscribers by name. `shard` selects sharded pub/sub. Empty when Redis does not list
/// them.
std::optional<std::vector<std::string>> channels_like(Commander& redis, const std::string& pattern, bool shard);
/// Number of subscribers of one channel by name. Empty when Redis does not report it.
std::optional<std::uint64_t> subscribers_of(Commander& redis, std::string_view channel, bool shard);

/// Finds the namespaces in which servers of the fleet listen, by transport, among those of the options. Fails with
/// Failure(refused) when Redis does not report them.
FoundNamespaces look_at_fleet(Commander& redis, const Options& options);

/// " in namespace /chat" where the options name one; else empty.
[[nodiscard]] std::string namespace_text(const Options& options);

/// True if a request to the streams servers of a namespace would also reach classic servers: they decode it as a broadcast, and
/// official ones crash on a broadcast that they cannot decode.
[[nodiscard]] bool is_harmful(const FoundNamespaces& found, const std::string& nsp);

/// The only transport in use. Fails with Failure(usage) when several are in use. When none is, or Redis does not report it, it
/// fails too if --transport is auto; by default it is classic, and a note is printed.
Bus detect_one(Commander& redis, const Options& options, Console& console);

}  // namespace socketio::cli::fleet
