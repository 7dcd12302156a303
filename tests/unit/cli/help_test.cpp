#include "emit/help.hpp"

#include <doctest/doctest.h>

#include <set>
#include <sstream>
#include <string>

#include "option_names.hpp"
#include "common/options.hpp"

namespace help_test {

using namespace socketio::cli;

TEST_CASE("help: it fits 80 columns") {
  for (const std::string_view text : {help_text, usage_text}) {
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line.size() <= 80);
      CHECK_FALSE(line.ends_with(' '));
    }
  }
}

TEST_CASE("help: examples come first") { CHECK(help_text.find("Examples:") < help_text.find("Usage:")); }

TEST_CASE("help: it tells of every option, and of no other") {
  std::set<std::string> known;
  for (const OptionNames& option : option_names()) {
    known.insert(option.names.begin(), option.names.end());
    if (option.letter != 0) {
      const std::string both = std::string("-") + option.letter + ", --";
      CAPTURE(both);
      CHECK(help_text.find(both) != std::string_view::npos);
    }
  }
  CHECK(names_in(help_text) == known);
}

TEST_CASE("help: options that take a value are shown with one") {
  for (const OptionNames& option : option_names()) {
    bool shown = false;
    for (const std::string& name : option.names) {
      const std::string place = "--" + name + " ";
      for (std::size_t at = help_text.find(place); at != std::string_view::npos; at = help_text.find(place, at + 1)) {
        const char next = help_text[at + place.size()];
        shown = shown || (next >= 'A' && next <= 'Z');
      }
    }
    CAPTURE(option.names.front());
    CHECK(shown == option.takes_value);
  }
}

}  // namespace help_test
