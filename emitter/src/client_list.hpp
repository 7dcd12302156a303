#pragma once

#include <algorithm>
#include <string_view>

// Reads the text that Redis returns for CLIENT LIST.
namespace socketio::client_list {

/// The value of "name=value" in a line.
inline std::string_view member_of(std::string_view line, std::string_view name) {
  while (!line.empty()) {
    const std::string_view member = line.substr(0, line.find(' '));
    if (member.size() > name.size() && member.starts_with(name) && member[name.size()] == '=') {
      return member.substr(name.size() + 1);
    }
    line.remove_prefix(std::min(line.size(), member.size() + 1));
  }
  return {};
}

/// Calls `function(line)` for each connection.
template <typename Function>
void for_each(std::string_view clients, const Function& function) {
  while (!clients.empty()) {
    const std::string_view line = clients.substr(0, clients.find('\n'));
    clients.remove_prefix(std::min(clients.size(), line.size() + 1));
    function(line);
  }
}

/// True for a connection of socketio-fleet.
inline bool is_tool(std::string_view line) { return member_of(line, "name").starts_with("socketio-fleet"); }

}  // namespace socketio::client_list
