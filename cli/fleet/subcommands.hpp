#pragma once

#include <span>
#include <string_view>

#include "../src/console.hpp"
#include "../src/exit_status.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {

/// What the tool can do. A new one is a line in the table of subcommands.cpp, a file that defines its function, and a paragraph
/// of the help text.
struct Subcommand {
  std::string_view name;
  std::string_view summary;
  std::string_view takes;     ///< names of the options that are its own: "to,event"
  bool looks_for_transports;  ///< without --transport: at those that are in use, instead of at the default
  bool asks_one_place;        ///< in one namespace, by default "/", of one transport
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
