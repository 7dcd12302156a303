#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/option_table.hpp"

inline bool is_name_byte(char byte) { return (byte >= 'a' && byte <= 'z') || byte == '-'; }

/// Every --name in a text.
inline std::set<std::string> names_in(std::string_view text) {
  std::set<std::string> names;
  for (std::size_t at = text.find("--"); at != std::string_view::npos; at = text.find("--", at)) {
    std::size_t end = at + 2;
    while (end < text.size() && is_name_byte(text[end])) {
      ++end;
    }
    if (end > at + 2 && (at == 0 || !is_name_byte(text[at - 1]))) {
      names.emplace(text.substr(at + 2, end - at - 2));
    }
    at = end;
  }
  return names;
}

/// Names of one option of socketio-emit's parser.
struct OptionNames {
  char letter = 0;  ///< 0: none
  std::vector<std::string> names;
  bool takes_value = false;
};

inline std::vector<OptionNames> option_names() {
  std::vector<OptionNames> result;
  for (const socketio::cli::OptionEntry& entry : socketio::cli::option_table()) {
    OptionNames option;
    option.takes_value = entry.takes_value;
    socketio::cli::for_each_name(entry, [&](std::string_view name) {
      if (name.size() == 1) {
        option.letter = name[0];
      } else {
        option.names.emplace_back(name);
      }
    });
    result.push_back(std::move(option));
  }
  return result;
}
