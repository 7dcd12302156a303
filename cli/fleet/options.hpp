#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../src/option_table.hpp"
#include "../src/options.hpp"

namespace socketio::cli::fleet {

struct Subcommand;

/// How a fleet's servers talk to each other.
using Bus = Transport;

enum class Action : std::uint8_t { run, help, version, usage };

/// The command line, read and checked as far as that is possible without doing anything.
struct Options {
  Action action = Action::run;
  const Subcommand* command = nullptr;  ///< with Action::run
  cli::Options common;                  ///< Redis, key, timeout, output
  bool output_is_terminal = false;

  std::vector<Bus> buses;      ///< without duplicates; empty: those that are found
  bool one_bus = true;         ///< of those that are found there must be one
  bool is_by_default = false;  ///< nobody named a transport: classic, when no server listens
  std::string stream_name = "socket.io";
  std::uint32_t stream_count = 1;
  bool stream_count_given = false;
  std::uint64_t stream_maxlen = 10'000;

  std::vector<std::string> namespaces;  ///< without duplicates; empty: all
  std::vector<std::string> rooms;       ///< those that are numbers are in `common`
  std::vector<std::string> events;
  std::optional<std::string> from;  ///< the id of a stream's entry
  std::optional<std::uint64_t> last;
  std::optional<std::string> record;
  std::optional<std::uint64_t> limit;
  std::optional<std::chrono::milliseconds> run_for;

  std::chrono::milliseconds recovery_window{120'000};
  std::chrono::milliseconds requests_timeout{5'000};    ///< the adapters' requestsTimeout
  std::optional<std::chrono::milliseconds> listen_for;  ///< how long the doctor listens to messages

  std::vector<std::string> except;
  bool without_ids = false;
  std::size_t answers_bytes_max = std::size_t{1} << 30;

  /// The fleet, on one of the transports.
  [[nodiscard]] FleetSettings settings(Transport transport) const {
    return {transport, common.key, common.sharded_mode, stream_name, stream_count, stream_maxlen, false};
  }
};

/// Reads the arguments (without the program's name). Reads --password-file, too. Fails with Failure(usage).
Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings);

/// Every option of every subcommand.
std::span<const OptionEntry> option_table();

}  // namespace socketio::cli::fleet
