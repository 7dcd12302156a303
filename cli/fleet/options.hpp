#pragma once

#include "common/console.hpp"
#include "common/exit_status.hpp"
#include "common/option_table.hpp"
#include "common/options.hpp"

namespace socketio::cli::fleet {

struct Subcommand;

/// Transport between the servers of a fleet.
using Bus = Transport;
inline std::string_view bus_name(Bus bus) { return name_of(bus); }
inline constexpr Bus all_buses[] = {Bus::classic, Bus::sharded, Bus::streams};

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

/// Values of the options. The base class has those that both tools share.
struct Collected : cli::Collected {
  Options fleet;
  std::vector<std::string> transports;
};

/// Reads the arguments (without the program's name). Reads --password-file, too. Fails with Failure(usage).
Options parse_options(const std::vector<std::string>& arguments, const Surroundings& surroundings);

/// Every option of every subcommand.
std::span<const OptionEntry> option_table();

/// A command of the tool. A new one needs a line in the table of option_table.cpp, a file that defines its function, and a
/// paragraph in the help text.
struct Subcommand {
  std::string_view name;
  std::string_view summary;
  std::string_view takes;     ///< names of its own options: "to,event"
  bool looks_for_transports;  ///< without --transport: uses those in use instead of the default
  bool asks_one_place;        ///< sends requests to one namespace, by default "/", on one transport
  ExitStatus (*run)(const Options& options, Console& console);
};

std::span<const Subcommand> subcommands();
/// Null when there is none of that name.
const Subcommand* find_subcommand(std::string_view name) noexcept;

ExitStatus run_servers(const Options& options, Console& console);
ExitStatus run_rooms(const Options& options, Console& console);
ExitStatus run_sockets(const Options& options, Console& console);
ExitStatus run_count(const Options& options, Console& console);
ExitStatus run_tap(const Options& options, Console& console);
ExitStatus run_doctor(const Options& options, Console& console);

}  // namespace socketio::cli::fleet
