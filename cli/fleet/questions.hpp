#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/asker.hpp>

#include "../src/console.hpp"
#include "../src/exit_status.hpp"
#include "commander.hpp"
#include "line_writer.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// What the commands share that ask the servers of a fleet: connections, waiting, the output, who has not answered, and the
/// exit status. The fleet counts nobody here as a server.
class Questions {
 public:
  Questions(const Options& options, Console& console, std::string_view command);

  /// Fails with Failure(refused), or Failure(interrupted or terminated).
  void connect() { redis_.connect(); }
  /// The transport that was named, or is in use. Fails with Failure(usage) when it cannot be told.
  Bus one_bus();
  [[nodiscard]] Commander& redis() noexcept { return redis_; }

  AsyncAsker& asker(Bus bus);
  [[nodiscard]] asking::Options how() const;
  /// The sockets that the options select, in the one namespace.
  [[nodiscard]] Target target() const;

  /// Waits until `ended`, a signal comes, or nobody takes the output any more. After the latter two nothing is under way.
  void wait(const std::function<bool()>& ended);
  /// Nothing new is to be asked.
  [[nodiscard]] bool is_over() const;

  /// Takes note of how asking went.
  void account(const asking::Answered& answered, Bus bus, std::string_view nsp);
  /// There was somebody to ask, and the answer is not cut short by who waits for it.
  [[nodiscard]] bool was_asked() const { return servers_asked_ + servers_answered_ != 0 && !is_over(); }

  /// Standard output, which never keeps anybody from listening. `line` ends with a line feed.
  void print(std::string_view line);
  /// Prints what is to be said in the end, and writes what waits. Fails with Failure(refused) when nobody could be asked.
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
  std::map<Bus, AsyncAsker> askers_;  ///< last: what they end is told to the others
};

}  // namespace socketio::cli::fleet
