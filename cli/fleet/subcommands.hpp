#pragma once

#include <span>
#include <string_view>

#include "common/console.hpp"
#include "common/exit_status.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// A command of the tool. A new one needs a line in the table of subcommands.cpp, a file that defines its function, and a
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
