#pragma once

#include <map>

#include <socketio/asker.hpp>

#include "commander.hpp"
#include "common/console.hpp"
#include "common/exit_status.hpp"
#include "line_writer.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// Shared part of the commands that send requests to the servers of a fleet: connections, waiting, output, servers that did not
/// respond, and the exit status. The fleet does not count these connections as servers.
class Questions {
 public:
  Questions(const Options& options, Console& console, std::string_view command);

  /// Connects. Fails with Failure(refused), or Failure(interrupted or terminated).
  void connect() { redis_.connect(); }
  /// The transport that was given, or is in use. Fails with Failure(usage) when it is unknown.
  Bus one_bus();
  [[nodiscard]] Commander& redis() noexcept { return redis_; }

  AsyncAsker& asker(Bus bus);
  [[nodiscard]] asking::Options how() const;
  /// The sockets that the options select, in their only namespace.
  [[nodiscard]] Target target() const;

  /// Connects, sends a request to the servers in the only namespace, waits and accounts: the result.
  ///
  /// `start`  takes the asker and a function that takes the result.
  template <typename Result, typename Start>
  Result ask(const Start& start) {
    connect();
    const Bus bus = one_bus();
    std::optional<Result> result;
    start(asker(bus), [&result](Result ended) { result = std::move(ended); });
    wait([&result] { return result.has_value(); });
    account(*result, bus, options_.namespaces.front());
    return *std::move(result);
  }

  /// Waits until `ended` returns true, a signal arrives, or the output is closed. In the latter two cases cancels all requests.
  void wait(const std::function<bool()>& ended);
  /// True after a signal or when the output is closed: no further request may be sent.
  [[nodiscard]] bool is_over() const;

  /// Adds the result of a request to the statistics.
  void account(const asking::Answered& answered, Bus bus, std::string_view nsp);
  /// True if there was a server to ask, and neither a signal nor a closed output interrupted the request.
  [[nodiscard]] bool was_asked() const { return servers_asked_ + servers_answered_ != 0 && !is_over(); }

  /// Appends a line to standard output without blocking the loop. `line` ends with a line feed.
  void print(std::string_view line);
  /// Prints missing responses and errors, and writes the buffered output. Fails with Failure(refused) when no server could be
  /// asked.
  ExitStatus finish();

 private:
  struct Silence {
    Bus bus;
    std::string nsp;
    std::size_t missing = 0;
    std::size_t asked = 0;
    std::vector<std::string> uids;
  };

  void check_asked();
  [[nodiscard]] std::string elsewhere();
  bool write_all();

  const Options& options_;
  Console& console_;
  const std::string command_;
  Loop loop_;
  const StopSignals signals_;
  Commander redis_;
  LineWriter lines_;
  std::uint64_t lines_lost_ = 0;

  std::size_t servers_asked_ = 0;
  std::size_t servers_answered_ = 0;
  bool asked_ = false;
  bool complete_ = true;
  std::vector<Silence> silences_;
  std::vector<std::string> errors_;  ///< each sentence once
  std::optional<Bus> last_bus_;
  std::map<Bus, AsyncAsker> askers_;  ///< declared last, because closing them calls back into the others
};

}  // namespace socketio::cli::fleet
