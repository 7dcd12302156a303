#include "common/command_line.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace command_line_test {

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

TEST_CASE("command line: a value passes with every byte that an argument can have, apart, behind = and behind a letter") {
  for (int byte = 1; byte < 256; ++byte) {
    for (const std::string& value :
         {std::string(1, static_cast<char>(byte)), "a" + std::string(3, static_cast<char>(byte)) + "b",
          "-" + std::string(1, static_cast<char>(byte)) + ","}) {
      CAPTURE(value);
      CHECK(options_of(read_command_line({"-t", value, "--to=" + value, "-x0" + value})) ==
            Pairs{{"t", value}, {"t", value}, {"x", "0" + value}});
      CHECK(read_command_line({"chat", "--", value}).words == Words{"chat", value});
    }
  }
}

TEST_CASE("command line: nothing is split at commas") {
  const CommandLine line = read_command_line({"-t", "a,b", "-tc,d", "--to=e,", "chat", "[1,2]", "-1,5"});
  CHECK(options_of(line) == Pairs{{"t", "a,b"}, {"t", "c,d"}, {"t", "e,"}});
  CHECK(line.words == Words{"chat", "[1,2]", "-1,5"});
}

TEST_CASE("command line: options and words keep their order, however they are mixed and repeated") {
  const CommandLine line = read_command_line(
      {"chat", "-x", "1", "--volatile", "-99", "--room", "2", "-s", "9", "--in=3", "--volatile", "999", "-x4", "--", "-s"});
  CHECK(options_of(line) ==
        Pairs{{"x", "1"}, {"volatile", "true"}, {"t", "2"}, {"s", "true"}, {"t", "3"}, {"volatile", "true"}, {"x", "4"}});
  CHECK(line.words == Words{"chat", "-99", "9", "999", "-s"});
}

TEST_CASE("command line: a negative number is a word, a value, and never an option") {
  for (const std::string number : {"-5", "-1.5e3", "-0", "-9", "-99", "-9141", "-5,5", "-5=6", "-1\n", "-7-7"}) {
    CAPTURE(number);
    const CommandLine line = read_command_line({number, "-t", number, "--to=" + number, "-t" + number, "--", number});
    CHECK_FALSE(line.wrong);
    CHECK(options_of(line) == Pairs{{"t", number}, {"t", number}, {"t", number}});
    CHECK(line.words == Words{number, number});
  }
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

TEST_CASE("command line: the first mistake is found at any place") {
  const Words good = {"chat", "-t", "--zzz", "-svtx", "--to=--yyy", "-5", "--volatile", "-x", "--", "--key", "-q"};
  for (std::size_t place = 0; place <= good.size(); ++place) {
    const bool behind_option = place > 0 && (good[place - 1] == "-t" || good[place - 1] == "-x" || good[place - 1] == "--key");
    for (const std::string wrong : {"--frist", "-Z", "-t=", "--volatile=no"}) {
      CAPTURE(place);
      CAPTURE(wrong);
      Words arguments = good;
      arguments.insert(arguments.begin() + static_cast<std::ptrdiff_t>(place), wrong);
      arguments.insert(arguments.end(), {"--second", "-Y"});
      const std::string sentence = mistake(arguments);
      CHECK((sentence == mistake({wrong})) == !behind_option);
    }
  }
}

TEST_CASE("command line: -- as a value does not end the options") {
  CHECK(mistake({"--to", "--", "--zzzzzzzzzz"}).starts_with("There is no option --zzzzzzzzzz."));
  CHECK(mistake({"--", "--zzzzzzzzzz", "--to"}) == "(none)");
}

TEST_CASE("command line: help and version are seen beside any mistake") {
  for (const Words& arguments : std::vector<Words>{{"--zzz", "--help"},
                                                   {"-h", "--zzz"},
                                                   {"-q", "-sh"},
                                                   {"-hq"},
                                                   {"-h=x"},
                                                   {"-h\xc3\xa9"},
                                                   {"--volatile=maybe", "-h"},
                                                   {"-h", "--to"},
                                                   {"-t=a", "chat", "-h"},
                                                   {"-ht=a"}}) {
    CAPTURE(arguments);
    const CommandLine line = read_command_line(arguments);
    CHECK(line.wrong);
    CHECK(line.has("help"));
    CHECK_FALSE(line.has("version"));
  }
  for (const Words& arguments :
       std::vector<Words>{{"--zzz", "--", "-h"}, {"--zzz", "-t", "-h"}, {"-qh"}, {"--help=x"}, {"-t=h"}}) {
    CAPTURE(arguments);
    CHECK(read_command_line(arguments).wrong);
    CHECK_FALSE(read_command_line(arguments).has("help"));
  }
}

TEST_CASE("command line: the letters and names of another tool's table") {
  static constexpr OptionEntry table[] = {{"a,alpha", true, nullptr}, {"beta", false, nullptr}};
  const Syntax syntax{"tool", table, "a word"};
  CHECK(options_of(read_command_line({"-a,", "--beta", "--alpha", "-9"}, syntax)) ==
        Pairs{{"a", ","}, {"beta", "true"}, {"a", "-9"}});
  CHECK(read_command_line({"--betta"}, syntax).wrong ==
        "There is no option --betta; did you mean --beta?\n"
        "tool --help shows all options; a word that begins with a dash stands behind --.");
}

TEST_CASE("command line: mistakes are told, the first one of several") {
  const std::string missing = " is missing an argument. socketio-emit --help shows all options.";
  CHECK(mistake({"chat", "--to"}) == "Option \"to\"" + missing);
  CHECK(mistake({"chat", "-st"}) == "Option \"t\"" + missing);
  CHECK(mistake({"-st=kitchen"}) == "Write -t and the value without \"=\", as in -t kitchen.");
  CHECK(mistake({"--volatile="}) == "Option \"volatile\" takes no value. socketio-emit --help shows all options.");
  CHECK(mistake({"chat", "--room-number"}) == "Option \"room-number\"" + missing);
  CHECK(mistake({"-s=x"}) == "Option \"s\" takes no value. socketio-emit --help shows all options.");
  CHECK(mistake({"-=x"}).starts_with("There is no option -=."));
  CHECK(mistake({"--TO", "a"}).starts_with("There is no option --TO"));
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

}  // namespace command_line_test
