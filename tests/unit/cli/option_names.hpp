#pragma once

#include <set>
#include <string>
#include <string_view>

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
