#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

// Every option once: its names, and what it does to the Options.
namespace socketio::cli {

/// What the options say besides what is in Options: needed to check and to complete them.
struct Collected {
  Options options;
  std::vector<std::string> words;  ///< EVENT and ARGs
  std::optional<std::string> url;
  std::optional<std::string> user;
  std::optional<std::string> password_file;
  std::optional<std::string> transport;
  std::optional<std::string> output;
  std::optional<bool> lines_are_text;
  bool key_given = false;
  bool join = false;
  bool leave = false;
  bool disconnect = false;
  bool server_side = false;
  bool on_error_given = false;
  bool line_max_given = false;
};

struct OptionEntry {
  const char* names;  ///< "t,to,room,in", as cxxopts takes them
  bool takes_value;
  void (*apply)(Collected& collected, const std::string& value);
};

std::span<const OptionEntry> option_table();

/// Whether `name`, without dashes, is one of the entry's. (cxxopts reports an option by any of its long names.)
bool is_named(const OptionEntry& entry, std::string_view name);

}  // namespace socketio::cli
