#pragma once

#include "option_table.hpp"

// Splits the arguments of a command, with cxxopts, into options, their values, and words.
namespace socketio::cli {

/// An option as it is given on the command line.
struct Given {
  const OptionEntry* option;
  std::string value;  ///< for a flag: "true", or "false" for --flag=false
};

struct CommandLine {
  std::vector<Given> options;        ///< in the order of the arguments
  std::vector<std::string> words;    ///< EVENT and ARGs, in their order; empty after a mistake
  std::optional<std::string> wrong;  ///< a sentence about the first mistake; `options` then holds the known options

  [[nodiscard]] bool has(std::string_view name) const noexcept;
};

/// The name of a tool, and its options.
struct Syntax {
  std::string_view tool;  ///< "socketio-emit"
  std::span<const OptionEntry> table;
  std::string_view behind_dashes;  ///< description of a word of that tool, such as "an EVENT or ARG"
};

/// Parses the arguments (without the program's name) as usual: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, several flags
/// after one dash (-sv), and -- as the end of the options. A negative number is a word. Names are not abbreviated.
CommandLine read_command_line(const std::vector<std::string>& arguments, const Syntax& syntax);
/// Parses the arguments of socketio-emit.
CommandLine read_command_line(const std::vector<std::string>& arguments);
Syntax emit_syntax();

/// Finds what the arguments ask for. If that is a run, puts the options and words into `line`. Fails with Failure(usage) for a
/// mistake.
///
/// Refuses what a shell makes of a variable that is not set: an option with an empty value (--to "$ROOM"), or one whose value
/// is the next option or -- (--to $ROOM --volatile). --to=--volatile is accepted. Refuses long options with one dash (-nsp),
/// too, which would be -n with the value "sp".
Action read_action(const std::vector<std::string>& arguments, const Syntax& syntax, CommandLine& line);

/// The first long name of an option: "--to".
std::string dashed(const OptionEntry& entry);

}  // namespace socketio::cli
