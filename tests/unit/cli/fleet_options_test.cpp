#include "fleet/options.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <sstream>
#include <string>

#include "common/exit_status.hpp"
#include "fleet/doctor.hpp"
#include "fleet/help.hpp"
#include "fleet/stream_gaps.hpp"
#include "fleet/table.hpp"
#include "option_names.hpp"

namespace fleet_options_test {

using namespace socketio::cli;
namespace fleet = socketio::cli::fleet;

namespace {

using Words = std::vector<std::string>;

fleet::Options parse(const Words& arguments, const std::string& transport = {}) {
  return fleet::parse_options(arguments, {[&](const char* name) {
                                            const bool asked = std::string(name) == "SOCKETIO_TRANSPORT" && !transport.empty();
                                            return asked ? std::optional(transport) : std::nullopt;
                                          },
                                          false});
}

std::string mistake(const Words& arguments) {
  try {
    parse(arguments);
    return "(none)";
  } catch (const Failure& failure) {
    CHECK(failure.status() == ExitStatus::usage);
    return failure.what();
  }
}

}  // namespace

TEST_CASE("fleet options: transports stand with commas between, or repeatedly, each once") {
  using fleet::Bus;
  CHECK(parse({"tap"}).buses.empty());  // looks which one the fleet uses
  CHECK(parse({"tap"}).is_by_default);
  CHECK_FALSE(parse({"tap", "--transport", "auto"}).is_by_default);
  CHECK(parse({"tap", "--transport", "streams,classic", "--transport=streams"}).buses ==
        std::vector{Bus::streams, Bus::classic});
  CHECK(parse({"tap", "--transport", "all"}).buses.size() == 3);
  CHECK(parse({"tap", "--transport", "auto"}).buses.empty());
  CHECK(parse({"tap"}, "sharded").buses == std::vector{Bus::sharded});
  CHECK(mistake({"tap", "--transport", "pigeon"}).starts_with("--transport cannot be \"pigeon\""));
  CHECK(mistake({"tap", "--transport", "classic,stream"}) ==
        "--transport cannot be \"stream\": it is classic, sharded, streams, several of them with commas between, all, or auto. "
        "Did you mean streams?");
  CHECK(mistake({"count", "--transport", "Classic"}) ==
        "--transport cannot be \"Classic\": it is classic, sharded, streams or auto. Did you mean classic?");
  CHECK(mistake({"tap", "--transport", "auto,classic"}).starts_with("--transport auto stands alone"));
  CHECK(mistake({"tap", "--transport", ","}).starts_with("--transport cannot be"));
}

TEST_CASE("fleet options: lists are without duplicates, namespaces begin with a slash") {
  const fleet::Options options = parse({"tap", "-n", "admin", "-n/admin", "-t", "a", "--room", "b", "-ta", "-e", "x"});
  CHECK(options.namespaces == Words{"/admin"});
  CHECK(options.rooms == Words{"a", "b"});
  CHECK(options.events == Words{"x"});
}

TEST_CASE("fleet options: what both tools have means the same") {
  const fleet::Options options = parse({"tap", "-r", "unix:///x?db=2", "--key", "k", "--timeout", "1m", "-o", "quiet", "-v"});
  CHECK(options.common.redis.unix_path == "/x");
  CHECK(options.common.key == "k");
  CHECK(options.common.timeout == std::chrono::minutes(1));
  CHECK(options.common.output == Output::quiet);
  CHECK(options.common.verbose);
}

TEST_CASE("fleet options: the doctor looks at the transports that are in use, unless it is told") {
  CHECK(parse({"doctor"}).buses.empty());
  CHECK_FALSE(parse({"doctor"}).one_bus);
  CHECK(parse({"doctor", "--transport", "sharded"}).buses == std::vector{fleet::Bus::sharded});
  CHECK(parse({"doctor", "--recovery-window", "1h"}).recovery_window == std::chrono::hours(1));
  CHECK(mistake({"doctor", "--to", "kitchen"}).starts_with("--to belongs to sockets, count and tap, not to doctor."));
  CHECK(mistake({"tap", "--recovery-window", "1h"}).starts_with("--recovery-window belongs to doctor, not to tap."));
}

TEST_CASE(
    "fleet options: a value that is empty, or is the next option, is refused, as a shell variable that is not set makes it") {
  for (const char* option : {"--to", "--except", "--nsp", "--key", "--event", "--record", "--transport", "--stream-name"}) {
    const std::string command = std::string(option) == "--except" ? "count" : "tap";
    CHECK(mistake({command, option, ""}).starts_with("The value of " + std::string(option) + " is empty."));
    CHECK(mistake({command, option, "--verbose"})
              .starts_with("The value of " + std::string(option) + " is missing: the option --verbose follows it."));
  }
  CHECK(mistake({"tap", "--namespace", "admin"}).starts_with("There is no option --namespace; did you mean --nsp?"));
  CHECK(mistake({"tap", "-nsp", "admin"}).starts_with("-nsp has one dash: did you mean --nsp?"));
}

TEST_CASE("fleet options: who asks for sockets asks in one namespace of one transport, servers in all") {
  for (const char* command : {"rooms", "sockets", "count"}) {
    CAPTURE(command);
    CHECK(parse({command}).namespaces == Words{"/"});
    CHECK(parse({command}).buses.empty());
    CHECK(parse({command}).is_by_default);
    CHECK(parse({command, "-n", "chat"}).namespaces == Words{"/chat"});
    CHECK(mistake({command, "-n", "a", "-n", "b"}).ends_with("asks in one namespace; give one --nsp."));
    CHECK(mistake({command, "--transport", "all"})
              .ends_with(
                  "asks the servers of one transport: --transport is classic, sharded, streams or auto here, not several."));
  }
  CHECK(parse({"servers"}).namespaces.empty());
  CHECK(parse({"servers"}).buses.empty());
  CHECK_FALSE(parse({"servers"}).one_bus);
  CHECK(parse({"servers", "-n", "a", "-n", "b"}).namespaces == Words{"/a", "/b"});
}

TEST_CASE("fleet options: whom a question is about") {
  const fleet::Options options = parse({"count", "-t", "a", "--room=b", "--room-number", "42", "-x", "c", "--except", "d",
                                        "--sharded-mode", "static", "--transport", "sharded", "--answers-max", "64M"});
  CHECK(options.rooms == Words{"a", "b"});
  REQUIRE(options.common.rooms.size() == 1);
  CHECK(options.common.rooms[0].value() == 42);
  CHECK(options.except == Words{"c", "d"});
  CHECK(options.answers_bytes_max == std::size_t{64} << 20);
  const auto settings = options.settings(fleet::Bus::sharded);
  CHECK(settings.sharded_mode == socketio::SubscriptionMode::only_static);
  CHECK(parse({"count", "--stream-count", "10000"}).settings(fleet::Bus::streams).stream_count == 10'000);
  CHECK(mistake({"count", "--stream-count", "10001"}).starts_with("--stream-count cannot be \"10001\""));
  CHECK(parse({"rooms", "--without-ids"}).without_ids);
  CHECK(mistake({"rooms", "--to", "a"}).starts_with("--to belongs to sockets, count and tap, not to rooms."));
  CHECK(mistake({"count", "--answers-max", "much"}).starts_with("--answers-max cannot be \"much\""));
}

TEST_CASE("fleet table: columns are as wide as what is in them, counted in characters") {
  using fleet::Table;
  Table table({{"room"}, {"n", Table::Align::right}, {"note"}});
  CHECK(table.text() == "");
  table.add({"küche", "1,000", "x"});
  table.add({"a", "7", ""});
  CHECK(table.text() ==
        "room       n  note\n"
        "küche  1,000  x\n"
        "a          7\n");
}

TEST_CASE("fleet table: wide characters take two columns, combining ones none") {
  fleet::Table table({{"room"}, {"n", fleet::Table::Align::right}});
  table.add({"寿司", "1"});
  table.add({"cafe\u0301", "2"});
  table.add({"tea \U0001f375", "3"});
  CHECK(table.text() ==
        "room    n\n"
        "寿司    1\n"
        "cafe\u0301    2\n"
        "tea \U0001f375  3\n");
}

TEST_CASE("fleet doctor: a subscriber is a server's when it has as many subscriptions as one") {
  using fleet::Bus;
  const auto lines = fleet::read_client_list(
      "id=1 addr=10.0.0.1:5 psub=1 sub=3 ssub=0\n"  // classic
      "id=2 addr=10.0.0.1:6 psub=1 sub=0 ssub=0\n"  // a tap
      "id=3 addr=10.0.0.1:7 psub=0 sub=1 ssub=0\n"  // a monitor
      "id=4 addr=[::1]:8 psub=0 sub=0 ssub=2\n"     // sharded
      "id=5 addr=[::1]:9 psub=0 sub=0 ssub=1\n"     // half a server
      "id=6 addr=[::1]:9 psub=0 sub=2 ssub=0\n");   // streams
  REQUIRE(lines.size() == 6);
  const auto count = [&lines](Bus bus) {
    std::string ids;
    for (const auto& line : lines) {
      ids += line.subscribes_as_server(bus) ? std::string(line.text("id")) : "";
    }
    return ids;
  };
  CHECK(count(Bus::classic) == "1");
  CHECK(count(Bus::sharded) == "4");
  CHECK(count(Bus::streams) == "6");
  CHECK(lines[3].host() == "[::1]");
}

TEST_CASE("fleet doctor: a subscriber's publisher is the nearest connection of its host that subscribes to nothing") {
  const auto lines = fleet::read_client_list(
      "id=1 addr=10.0.0.1:5 laddr=r name= psub=0 sub=0\n"
      "id=2 addr=10.0.0.1:6 laddr=r name= psub=1 sub=3\n"
      "id=3 addr=10.0.0.1:7 laddr=r name= psub=0 sub=0\n"  // an emitter
      "id=4 addr=10.0.0.2:5 laddr=r name= psub=1 sub=3\n"  // publishes elsewhere
      "id=5 addr=10.0.0.2:6 laddr=r name=socketio-fleet-doctor psub=0 sub=0\n"
      "id=6 addr=10.0.0.3:5 laddr=r name= psub=0 sub=1\n");  // a monitor
  const auto pairs = fleet::pairs_of(lines, fleet::Bus::classic);
  REQUIRE(pairs.size() == 2);
  CHECK(pairs[0].first->text("id") == "2");
  REQUIRE(pairs[0].second != nullptr);
  CHECK(pairs[0].second->text("id") == "1");
  CHECK(pairs[1].first->text("id") == "4");
  CHECK(pairs[1].second == nullptr);
}

TEST_CASE("fleet doctor: a publisher that was made before its subscriber fits better than a nearer one that was made later") {
  const auto lines = fleet::read_client_list(
      "id=10 addr=h:1 psub=0 sub=0\nid=13 addr=h:2 psub=1 sub=3\n"
      "id=14 addr=h:3 psub=0 sub=0\nid=15 addr=h:4 psub=1 sub=3\n");
  const auto pairs = fleet::pairs_of(lines, fleet::Bus::classic);
  REQUIRE(pairs.size() == 2);
  REQUIRE(pairs[0].second != nullptr);
  REQUIRE(pairs[1].second != nullptr);
  CHECK(pairs[0].second->text("id") == "10");
  CHECK(pairs[1].second->text("id") == "14");
}

TEST_CASE("fleet doctor: a list in a sentence is short, and what is in it is shown without what plays with a terminal") {
  CHECK(fleet::shown_some({}) == "");
  CHECK(fleet::shown_some({"a"}) == "a");
  CHECK(fleet::shown_some({"a", "b", "c"}) == "a, b and c");
  CHECK(fleet::shown_some({"a", "b", "c", "d"}, 2) == "a, b and 2 more");
  const auto lines = fleet::read_client_list("addr=1.2.3.4:5 name=x\x1b[2J lib-name=node-redis");
  CHECK(lines.at(0).describe() == "1.2.3.4:5 (x?[2J, node-redis)");
}

TEST_CASE("fleet doctor: lines of CLIENT LIST, and what is none") {
  const auto lines = fleet::read_client_list("id=7 addr=[::1]:5 name= psub=1 omem=20 user=a=b\n\n nonsense\nid=8 sub=x");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].text("addr") == "[::1]:5");
  CHECK(lines[0].text("name") == "");
  CHECK(lines[0].text("user") == "a=b");
  CHECK(lines[0].number("omem") == 20);
  CHECK(lines[0].subscribes());
  CHECK(lines[1].number("sub") == 0);
  CHECK_FALSE(lines[1].subscribes());
}

TEST_CASE("fleet options: mistakes are told") {
  CHECK(mistake({"-v"}).starts_with("What is to be looked at? Give a command: "));
  CHECK(mistake({"tab"}).starts_with("There is no command \"tab\"; there are "));
  CHECK(mistake({"tab"}).find(" doctor. Did you mean tap?\n") != std::string::npos);
  CHECK(mistake({"clients"}).find("Did you mean") == std::string::npos);
  CHECK(mistake({"tap", "kitchen"}).starts_with("The command tap takes options only, not \"kitchen\"."));
  CHECK(mistake({"tap", "--transport", "classic", "--last", "5"}).starts_with("--last needs --transport streams"));
  CHECK(mistake({"tap", "--transport", "streams", "--last", "5", "--from", "0"}).starts_with("--from and --last do not go"));
  CHECK(mistake({"tap", "--from", "yesterday"}).starts_with("--from cannot be \"yesterday\""));
  CHECK(mistake({"tap", "--limit", "0"}).starts_with("--limit cannot be \"0\""));
  CHECK(mistake({"tap", "--volatile"}).find("socketio-fleet --help shows all options") != std::string::npos);
}

TEST_CASE("fleet help: it fits 80 columns, and examples come first") {
  for (const std::string_view text : {fleet::help_text, fleet::usage_text}) {
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
      CAPTURE(line);
      CHECK(line.size() <= 80);
      CHECK_FALSE(line.ends_with(' '));
    }
  }
  CHECK(fleet::help_text.find("Examples:") < fleet::help_text.find("Usage:"));
}

TEST_CASE("fleet help: it tells of every option and every command, and of no other option") {
  std::set<std::string> known;
  for (const OptionEntry& entry : fleet::option_table()) {
    for_each_name(entry, [&](std::string_view name) {
      if (name.size() > 1) {
        known.emplace(name);
      } else {
        const std::string both = "-" + std::string(name) + ", --";
        CAPTURE(both);
        CHECK(fleet::help_text.find(both) != std::string_view::npos);
      }
    });
  }
  CHECK(names_in(fleet::help_text) == known);
  for (const fleet::Subcommand& command : fleet::subcommands()) {
    CAPTURE(command.name);
    CHECK(fleet::help_text.find("\n  " + std::string(command.name) + " ") != std::string_view::npos);
    const OptionEntry takes{command.takes, false, nullptr};
    for_each_name(takes, [&](std::string_view name) { CHECK(known.count(std::string(name)) == 1); });
  }
}

TEST_CASE("fleet: positions in streams") {
  using fleet::StreamPosition;
  CHECK(fleet::parse_position("5-7") == StreamPosition{5, 7});
  CHECK(fleet::parse_position("5") == StreamPosition{5, 0});
  for (const char* bad : {"", "-", "5-", "-5", "5-x", "$", "18446744073709551616", "5-7-9"}) {
    CAPTURE(bad);
    CHECK_FALSE(fleet::parse_position(bad));
  }
  CHECK(fleet::just_before({5, 7}) == StreamPosition{5, 6});
  CHECK(fleet::just_before({5, 0}) == StreamPosition{4, UINT64_MAX});
  CHECK(fleet::just_before({0, 0}) == StreamPosition{0, 0});
  CHECK(fleet::text_of({5, 7}) == "5-7");
}

}  // namespace fleet_options_test
