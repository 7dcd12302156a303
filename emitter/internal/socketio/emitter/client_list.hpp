#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

// Reads the text that Redis returns for CLIENT LIST.
namespace socketio::client_list {

/// A connection to Redis: "id=7 addr=127.0.0.1:5 name= sub=1 cmd=subscribe". `Text` is std::string_view, or std::string for a line
/// that owns its text.
template <typename Text = std::string_view>
class Line {
 public:
  explicit Line(std::string_view line) : line_(line) {}

  [[nodiscard]] std::string_view whole() const noexcept { return line_; }
  /// The value of "name=value"; empty when there is none.
  [[nodiscard]] std::string_view text(std::string_view name) const noexcept {
    for (std::string_view rest = line_; !rest.empty();) {
      const std::string_view member = rest.substr(0, rest.find(' '));
      if (member.size() > name.size() && member.starts_with(name) && member[name.size()] == '=') {
        return member.substr(name.size() + 1);
      }
      rest.remove_prefix(std::min(rest.size(), member.size() + 1));
    }
    return {};
  }
  /// The same as a number; 0 when it is none.
  [[nodiscard]] std::uint64_t number(std::string_view name) const noexcept {
    const std::string_view digits = text(name);
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }
  [[nodiscard]] bool subscribes() const noexcept { return number("sub") + number("psub") + number("ssub") != 0; }
  /// True for a connection of socketio-fleet.
  [[nodiscard]] bool is_tool() const noexcept { return text("name").starts_with("socketio-fleet"); }
  [[nodiscard]] bool runs_xread() const noexcept { return text("cmd") == "xread"; }
  /// True while it waits in a blocking command.
  [[nodiscard]] bool is_blocked() const noexcept { return text("flags").find('b') != std::string_view::npos; }

 private:
  Text line_;
};

/// Calls `function(Line)` for each connection.
template <typename Function>
void for_each(std::string_view clients, const Function& function) {
  while (!clients.empty()) {
    const std::string_view line = clients.substr(0, clients.find('\n'));
    clients.remove_prefix(std::min(clients.size(), line.size() + 1));
    function(Line<>(line));
  }
}

}  // namespace socketio::client_list
