#pragma once

#include "options.hpp"

// Table of all options: their names, and how each changes the Options.
namespace socketio::cli {

/// Values of options beyond those in Options, needed to check and to complete them.
struct Collected {
  Options options;
  std::vector<std::string> words;  ///< EVENT and ARGs
  std::optional<std::string> url;
  std::optional<std::string> user;
  std::optional<std::string> password_file;
  std::optional<std::string> sentinel_user;
  std::optional<std::string> sentinel_password_file;
  std::string tls_ca;
  std::string tls_certificate;
  std::string tls_key;
  bool tls_insecure = false;
  std::optional<std::string> transport;
  std::optional<std::string> output;
  std::optional<bool> lines_are_text;
  std::optional<std::string> replay;
  bool speed_given = false;
  bool key_given = false;
  bool sharded_mode_given = false;
  const char* stream_option = nullptr;  ///< the first option of streams fleets that was given
  bool join = false;
  bool leave = false;
  bool disconnect = false;
  bool server_side = false;
  bool first = false;
  bool quorum = false;
  bool on_error_given = false;
  bool line_max_given = false;
};

struct OptionEntry {
  std::string_view names;  ///< the letter and the long names: "t,to,room,in"
  bool takes_value;
  void (*apply)(Collected& collected, const std::string& value);
};

std::span<const OptionEntry> option_table();

/// Calls `function` with each of the entry's names, without dashes.
template <typename Function>
void for_each_name(const OptionEntry& entry, const Function& function) {
  std::string_view names = entry.names;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    function(name);
    names.remove_prefix(std::min(names.size(), name.size() + 1));
  }
}

/// The value, if it is UTF-8. Fails with Failure(usage); `what` begins the sentence.
std::string checked(std::string_view what, const std::string& value);
/// As checked(), and without control characters: a line feed at the end comes from a file or script, not from the servers.
std::string checked_name(std::string_view what, const std::string& value);
/// Fails with Failure(usage); `hint` tells what to write instead.
[[noreturn]] void bad_value(std::string_view option, std::string_view value, std::string_view hint);
/// The value as `read` reads it: a function that returns an optional.
template <typename Read>
auto read_value(std::string_view option, std::string_view value, const Read& read, std::string_view hint) {
  const auto result = read(value);
  if (!result) {
    bad_value(option, value, hint);
  }
  return *result;
}

/// True if `name`, without dashes, is one of the entry's names.
bool is_named(const OptionEntry& entry, std::string_view name);

}  // namespace socketio::cli
