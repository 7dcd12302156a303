#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "option_table.hpp"

// The arguments of the command, taken apart by cxxopts: which are options, which are their values, which are words.
namespace socketio::cli {

/// An option as it was given.
struct Given {
  const OptionEntry* option;
  std::string value;  ///< of a flag: "true", or "false" for --flag=false
};

struct CommandLine {
  std::vector<Given> options;        ///< in their order
  std::vector<std::string> words;    ///< EVENT and ARGs, in their order; empty when something is wrong
  std::optional<std::string> wrong;  ///< a sentence about the first mistake; the options are then those that are known

  [[nodiscard]] bool has(std::string_view name) const noexcept;
};

/// The options of a tool, and how the tool is called.
struct Syntax {
  std::string_view tool;  ///< "socketio-emit"
  std::span<const OptionEntry> table;
  std::string_view behind_dashes;  ///< what a word is to that tool, as in "an EVENT or ARG"
};

/// Takes the arguments (without the program's name) apart, as usual: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, flags
/// gathered behind one dash (-sv), and -- as the end of the options. A negative number is a word. Names are not abbreviated.
CommandLine read_command_line(const std::vector<std::string>& arguments, const Syntax& syntax);
/// Those of socketio-emit.
CommandLine read_command_line(const std::vector<std::string>& arguments);

}  // namespace socketio::cli
