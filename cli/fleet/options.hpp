#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/option_table.hpp"
#include "common/options.hpp"

namespace socketio::cli::fleet {

struct Subcommand;

/// Transport between the servers of a fleet.
using Bus = Transport;

enum class Action : std::uint8_t { run, help, version, usage };

/// The command line, read and checked as far as that is possible without doing anything.
struct Options {
  Action action = Action::run;
  const Subcommand* command = nullptr;  ///< set for Action::run
  cli::Options common;                  ///< Redis, the fleet's settings, timeout, output
  bool output_is_terminal = false;

  std::vector<Bus> buses;      ///< without duplicates; empty: those in use
  bool one_bus = true;         ///< exactly one transport must be in use
  bool is_by_default = false;  ///< no transport was given: classic, when no server listens

  std::vector<std::string> namespaces;  ///< without duplicates; empty: all
  std::vector<std::string> rooms;       ///< names; numeric rooms are in `common`
  std::vector<std::string> events;
  std::optional<std::string> from;  ///< id of a stream entry
  std::optional<std::uint64_t> last;
  std::optional<std::string> record;
  std::optional<std::uint64_t> limit;
  std::optional<std::chrono::milliseconds> run_for;

  std::chrono::milliseconds recovery_window{120'000};
  std::chrono::milliseconds requests_timeout{5'000};    ///< the adapters' requestsTimeout
  std::optional<std::chrono::milliseconds> listen_for;  ///< time for which the doctor receives messages

  std::vector<std::string> except;
  bool without_ids = false;
  std::size_t answers_bytes_max = std::size_t{1} << 30;

  /// Settings of the fleet on the given transport.
  [[nodiscard]] Fleet settings(Transport transport) const {
    Fleet result = common;
    result.transport = transport;
    return result;
  }
};

/// Reads the arguments (without the program's name). Reads --password-file, too. Fails with Failure(usage).
Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings);

/// Every option of every subcommand.
std::span<const OptionEntry> option_table();

}  // namespace socketio::cli::fleet
