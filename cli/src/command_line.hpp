#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "option_table.hpp"

// The arguments of the command, taken apart: which are options, which are their values, which are words.
//
// Ours, because most of what a one-shot emit did was to set up a parser of general use (3 of 5 instructions): this one reads a
// table that the compiler made.
namespace socketio::cli {

/// An option as it was given.
struct Given {
  const OptionEntry* option;
  std::string value;  ///< of a flag: "true", or "false" for --flag=false
};

struct CommandLine {
  std::vector<Given> options;        ///< in their order
  std::vector<std::string> words;    ///< EVENT and ARGs, in their order
  std::optional<std::string> wrong;  ///< a sentence about the first mistake

  [[nodiscard]] bool has(std::string_view name) const noexcept;
};

/// Which options there are, and how the tool that has them is called.
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
