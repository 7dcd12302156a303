#include "command_line.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace socketio::cli;

namespace {

using Words = std::vector<std::string>;
/// The first of an option's names, and the value.
using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs options_of(const CommandLine& line) {
  Pairs pairs;
  for (const Given& given : line.options) {
    pairs.emplace_back(given.option->names.substr(0, given.option->names.find(',')), given.value);
  }
  return pairs;
}

std::string mistake(const Words& arguments) { return read_command_line(arguments).wrong.value_or("(none)"); }

}  // namespace

TEST_CASE("command line: a value stands behind its option, apart or together") {
  const CommandLine line = read_command_line({"--to", "a", "--to=b", "-t", "c", "-td", "--key=", "--key=x=y"});
  CHECK_FALSE(line.wrong);
  CHECK(options_of(line) == Pairs{{"t", "a"}, {"t", "b"}, {"t", "c"}, {"t", "d"}, {"key", ""}, {"key", "x=y"}});
}

TEST_CASE("command line: a value behind a letter may be any text") {
  CHECK(options_of(read_command_line({"-tgame-7", "-n/admin", "-t\xc3\xa9", "-x-"})) ==
        Pairs{{"t", "game-7"}, {"n", "/admin"}, {"t", "\xc3\xa9"}, {"x", "-"}});
}

TEST_CASE("command line: what follows an option that takes a value is the value, whatever it looks like") {
  const CommandLine line = read_command_line({"-t", "--volatile", "--to", "--", "-x", "-5", "-t", ""});
  CHECK_FALSE(line.wrong);
  CHECK(options_of(line) == Pairs{{"t", "--volatile"}, {"t", "--"}, {"x", "-5"}, {"t", ""}});
  CHECK(line.words.empty());
}

TEST_CASE("command line: letters of flags may stand together, and before one that takes a value") {
  CHECK(options_of(read_command_line({"-sv"})) == Pairs{{"s", "true"}, {"v", "true"}});
  CHECK(options_of(read_command_line({"-svtkitchen"})) == Pairs{{"s", "true"}, {"v", "true"}, {"t", "kitchen"}});
  CHECK(options_of(read_command_line({"-st", "kitchen"})) == Pairs{{"s", "true"}, {"t", "kitchen"}});
}

TEST_CASE("command line: a flag can be taken back") {
  CHECK(options_of(read_command_line({"--volatile=true", "--volatile=false"})) ==
        Pairs{{"volatile", "true"}, {"volatile", "false"}});
  CHECK(mistake({"--volatile=maybe"}) == "Option \"volatile\" takes no value. socketio-emit --help shows all options.");
}

TEST_CASE("command line: words are what is no option, and all behind --") {
  const CommandLine line = read_command_line({"chat", "-", "-5", "", "-s", "-1.5e3", "--", "--to", "--", "-9"});
  CHECK_FALSE(line.wrong);
  CHECK(line.words == Words{"chat", "-", "-5", "", "-1.5e3", "--to", "--", "-9"});
  CHECK(options_of(line) == Pairs{{"s", "true"}});
}

TEST_CASE("command line: mistakes are told, the first one of several") {
  const std::string missing = " is missing an argument. socketio-emit --help shows all options.";
  CHECK(mistake({"chat", "--to"}) == "Option \"to\"" + missing);
  CHECK(mistake({"chat", "-st"}) == "Option \"t\"" + missing);
  CHECK(mistake({"-t=kitchen"}) == "Write -t and the value without \"=\", as in -t kitchen.");
  CHECK(mistake({"--t", "a"}).starts_with("There is no option --t"));
  CHECK(mistake({"--volatil"}).starts_with("There is no option --volatil; did you mean --volatile?"));
  CHECK(mistake({"--zzzzzzzzzz=secret"}).starts_with("There is no option --zzzzzzzzzz."));
  CHECK(mistake({"-sq"}).starts_with("There is no option -q."));
  CHECK(mistake({"-s\xc3\xa9"}).starts_with("There is no option -\xc3\xa9."));
  CHECK(mistake({"---"}).starts_with("There is no option ---."));
  CHECK(mistake({"-q", "--zzzzzzzzzz", "--to"}).starts_with("There is no option -q."));
}

TEST_CASE("command line: an option that was given is known by each of its names") {
  const CommandLine line = read_command_line({"--in", "a", "-h"});
  CHECK(line.has("to"));
  CHECK(line.has("t"));
  CHECK(line.has("help"));
  CHECK_FALSE(line.has("version"));
}
