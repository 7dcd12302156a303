#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/redis/client.hpp>

#include "../src/console.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

using Words = std::vector<std::string_view>;

/// SIGINT, SIGTERM and SIGHUP (unless it was ignored from the start) on a loop: the first one is remembered, a second one ends
/// the program at once; a second SIGHUP does not, as a closed terminal sends several.
class StopSignals {
 public:
  explicit StopSignals(Loop& loop);
  /// The signal that came, or 0.
  [[nodiscard]] int pending() const noexcept { return pending_; }

 private:
  int pending_ = 0;
};

/// How the tool reaches Redis: under a name that CLIENT LIST shows, and without giving up while it can be reached again.
redis::Options connection_options(const Options& options, std::string_view purpose, Console& console);

/// A connection for commands, of which one is asked after the other.
class Commander {
 public:
  Commander(Loop& loop, const Options& options, std::string_view purpose, Console& console, const StopSignals& signals);

  /// Fails with Failure(refused), or Failure(interrupted or terminated).
  void connect();
  /// Waits for the answer, for at most the timeout. An answer that is an error is Outcome::refused.
  redis::CommandResult ask(const Words& words);
  /// Asks all of it at once.
  std::vector<redis::CommandResult> ask_all(const std::vector<std::vector<std::string>>& commands);
  /// As ask(); fails with Failure(refused) unless Redis answered what was wanted.
  redis::Reply need(const Words& words);
  /// Waits until `done` says so, for at most `timeout`. False when it did not. Fails with Failure(interrupted or terminated).
  bool wait(const std::function<bool()>& done, std::chrono::milliseconds timeout);

  [[nodiscard]] redis::Client& client() noexcept { return client_; }
  [[nodiscard]] Loop& loop() noexcept { return loop_; }

 private:
  Loop& loop_;
  const Options& options_;
  const StopSignals& signals_;
  redis::Client client_;
};

// ---- what is asked often ----

/// Channels to which somebody is subscribed by name. `shard`: those of sharded pub/sub. Nothing when Redis does not tell.
std::optional<std::vector<std::string>> channels_like(Commander& redis, const std::string& pattern, bool shard);
/// How many are subscribed to one of them by name.
std::optional<std::uint64_t> subscribers_of(Commander& redis, std::string_view channel, bool shard);

}  // namespace socketio::cli::fleet
