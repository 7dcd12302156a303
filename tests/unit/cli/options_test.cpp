#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "option_names.hpp"
#include "common/exit_status.hpp"
#include "common/options.hpp"

namespace options_test {

using namespace socketio::cli;
using namespace std::chrono_literals;
using socketio::Room;
using socketio::SubscriptionMode;
using socketio::Transport;

namespace {

using Words = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

Options parse(const Words& arguments, const Variables& variables = {}, bool terminal = false) {
  return parse_options(arguments, {[&](const char* name) -> std::optional<std::string> {
                                     const auto found = variables.find(name);
                                     return found == variables.end() ? std::nullopt : std::optional(found->second);
                                   },
                                   terminal});
}

std::string refusal(const Words& arguments, const Variables& variables = {}) {
  try {
    parse(arguments, variables);
  } catch (const Failure& failure) {
    CHECK(failure.status() == ExitStatus::usage);
    return failure.what();
  }
  return "(accepted)";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A file with this content, until the end of the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    const int fd = ::mkstemp(path_);
    REQUIRE(fd >= 0);
    ::close(fd);
    std::ofstream(path_) << content;
  }
  ~TemporaryFile() { std::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/socketio-emit-XXXXXX";
};

}  // namespace

TEST_CASE("options: without arguments there is a short usage") { CHECK(parse({}).action == Action::usage); }

TEST_CASE("options: help and version come first, whatever else is wrong") {
  CHECK(parse({"--help"}).action == Action::help);
  CHECK(parse({"-h", "--timeout", "x"}).action == Action::help);
  CHECK(parse({"chat", "-V"}).action == Action::version);
}

TEST_CASE("options: an event with arguments, in their order, wherever options stand") {
  const Options options = parse({"-t", "a", "chat", "1", "--volatile", "2", "--room-number", "7", "3", "-x", "b"});
  CHECK(options.event == "chat");
  CHECK(options.arguments == Words{"1", "2", "3"});
  CHECK(options.rooms == std::vector<Room>{"a", Room::number(7)});
  CHECK(options.except == std::vector<Room>{"b"});
  CHECK(options.is_volatile);
}

TEST_CASE("options: all names of a room's option mean the same, in their order, each room once") {
  const Options options = parse({"--to", "a", "--room=b", "--in", "c", "-td", "--to", "a", "chat"});
  CHECK(options.rooms == std::vector<Room>{"a", "b", "c", "d"});
}

TEST_CASE("options: rooms and arguments keep commas and spaces, and arguments their emptiness") {
  const Options options = parse({"-t", "a,b", "-t", "c d", "-t", " ", "chat", "[1,2]", ""});
  CHECK(options.rooms == std::vector<Room>{"a,b", "c d", " "});
  CHECK(options.arguments == Words{"[1,2]", ""});
}

TEST_CASE("options: negative numbers need no -- before them") {
  const Options options = parse({"chat", "-5", "-1.5e3", "--room-number", "-2", "-t", "-7"});
  CHECK(options.arguments == Words{"-5", "-1.5e3"});
  CHECK(options.rooms == std::vector<Room>{Room::number(-2), "-7"});
}

TEST_CASE("options: -- ends the options") {
  const Options options = parse({"-t", "a", "--", "-chat", "--to", "-5", "--", "\x01"});
  CHECK(options.event == "-chat");
  CHECK(options.arguments == Words{"--to", "-5", "--", "\x01"});
  CHECK(options.rooms == std::vector<Room>{"a"});
}

TEST_CASE("options: a value that is empty is refused, as a shell variable that is not set makes it") {
  for (const OptionNames& option : option_names()) {
    if (!option.takes_value) {
      continue;
    }
    const std::string sentence = "The value of --" + option.names.front() + " is empty. If it is a shell variable,";
    for (const std::string& name : option.names) {
      CHECK(contains(refusal({"--" + name, "", "chat"}), sentence));
      CHECK(contains(refusal({"--" + name + "=", "chat"}), sentence));
    }
    if (option.letter != 0) {
      CHECK(contains(refusal({std::string("-") + option.letter, "", "chat"}), sentence));
    }
  }
}

TEST_CASE("options: an option is no value of the option before it, as a shell makes it of a variable that is not set") {
  CHECK(
      refusal({"-x", "-t", "kitchen", "chat"}) ==
      "The value of --except is missing: the option -t follows it. If it is a shell variable, that variable is not set. If -t "
      "is the value, write --except=-t.");
  for (const char* next : {"--to", "--to=a", "--volatile", "-n", "--help"}) {
    CHECK(contains(refusal({"--to", next, "chat"}), std::string("the option ") + next + " follows it."));
  }
  CHECK(parse({"--to=--to", "-t--volatile", "-t", "-7", "-t", "-kitchen", "--to=--", "chat"}).rooms ==
        std::vector<Room>{"--to", "--volatile", "-7", "-kitchen", "--"});
}

TEST_CASE("options: an option name is a value behind = or its letter, whatever the other arguments are") {
  const Options except = parse({"--to=-x", "-x", "foo", "bar"});
  CHECK(except.rooms == std::vector<Room>{"-x"});
  CHECK(except.except == std::vector<Room>{"foo"});
  CHECK(parse({"--to=-v", "-v", "ev"}).rooms == std::vector<Room>{"-v"});
  CHECK(parse({"-t-v", "-sv", "ev"}).rooms == std::vector<Room>{"-v"});
  const Options word = parse({"--to=--all", "ev", "--", "--all"});
  CHECK(word.rooms == std::vector<Room>{"--all"});
  CHECK(word.arguments == Words{"--all"});
  CHECK(parse({"--to", "a", "ev", "--", "--to", "-x"}).arguments == Words{"--to", "-x"});
}

TEST_CASE("options: -- is no value of the option before it, as a shell makes it of a variable that is not set") {
  CHECK(refusal({"-t", "--", "hello"}) ==
        "The value of --to is missing: -- follows it. If it is a shell variable, that variable is not set. If -- is the value, "
        "write --to=--.");
  CHECK(contains(refusal({"--to", "--", "hello"}), "-- follows it."));
  CHECK(contains(refusal({"-st", "--", "hello"}), "-- follows it."));
  CHECK(parse({"-t--", "--", "hello"}).rooms == std::vector<Room>{"--"});
  CHECK(parse({"hello", "--", "-t", "--"}).arguments == Words{"-t", "--"});
}

TEST_CASE("options: a carriage return at the end is refused, as scripts with Windows line ends make it") {
  CHECK(refusal({"--to", "kitchen\r", "chat"}) ==
        "The value of --to ends with a carriage return, as in a script or file with Windows line ends.");
  CHECK(contains(refusal({"chat\r"}), "The name of the event ends with a carriage return"));
  CHECK(parse({"-s", "chat", "tea\r"}).arguments == Words{"tea\r"});
}

TEST_CASE("options: a long option with one dash is refused, it would be a letter with a value") {
  CHECK(refusal({"-to", "kitchen", "chat"}) == "-to has one dash: did you mean --to? If not, write -t o.");
  CHECK(contains(refusal({"-nsp=/admin", "chat"}), "-nsp=/admin has one dash: did you mean --nsp=/admin?"));
  CHECK(refusal({"--except", "-all", "chat"}) == "-all has one dash: did you mean --all? If not, write --except=-all.");
  CHECK(parse({"--except=-all", "chat"}).except == std::vector<Room>{"-all"});
  CHECK(parse({"-tgame-7", "-t", "o", "--", "-to"}).event == "-to");
}

TEST_CASE("options: what other programs call an option is pointed to it") {
  for (const auto& [wrong, right] : {std::pair{"--namespace", "--nsp"},
                                     {"--namespace=/admin", "--nsp"},
                                     {"--password=x", "--password-file"},
                                     {"--json", "--output json"},
                                     {"--quiet", "--output quiet"},
                                     {"--host", "--redis"},
                                     {"--stdin", "--input -"}}) {
    const std::string sentence = refusal({wrong, "chat"});
    CHECK(contains(sentence, std::string("; did you mean ") + right + "?"));
    CHECK_FALSE(contains(sentence, "=x"));
  }
}

TEST_CASE("options: a transport that is misspelt") {
  CHECK(refusal({"--transport", "clasic,streams", "chat"}) ==
        "--transport cannot be \"clasic,streams\": it is classic, sharded, streams or auto, or several of the first three, "
        "like classic,streams. Did you mean classic?");
  CHECK_FALSE(contains(refusal({"--transport", "kafka", "chat"}), "Did you mean"));
}

TEST_CASE("options: a namespace gets its slash") {
  CHECK(parse({"chat"}).nsp == "/");
  CHECK(parse({"-n", "admin", "chat"}).nsp == "/admin");
  CHECK(parse({"--nsp", "/admin", "chat"}).nsp == "/admin");
  CHECK(parse({"--nsp", "/", "chat"}).nsp == "/");
}

TEST_CASE("options: flags") {
  CHECK_FALSE(parse({"chat"}).compress);
  CHECK(parse({"--compress", "chat"}).compress == true);
  CHECK(parse({"--no-compress", "chat"}).compress == false);
  CHECK(parse({"-s", "chat"}).plain_strings);
  CHECK(parse({"-v", "chat"}).verbose);
  CHECK(parse({"-sv", "chat"}).verbose);
}

TEST_CASE("options: operations instead of an event") {
  const Options join = parse({"--join", "a", "--join", "b", "-t", "c"});
  CHECK(join.op == Op::join);
  CHECK(join.op_rooms == std::vector<Room>{"a", "b"});
  CHECK(join.rooms == std::vector<Room>{"c"});
  CHECK(parse({"--leave", "a", "-t", "b"}).op == Op::leave);
  CHECK(parse({"--disconnect", "-t", "b"}).op == Op::disconnect);
  CHECK_FALSE(parse({"--disconnect", "--all"}).close);
  CHECK(parse({"--disconnect", "--all", "--close"}).close);
  CHECK(parse({"--leave", "a", "--all"}).all);
  CHECK(parse({"--server-side", "chat"}).op == Op::server_side);
}

TEST_CASE("options: a batch, and what is only for a batch") {
  const Options options =
      parse({"--input", "-", "--rate", "10/s", "--line-max", "1K", "--on-error", "skip", "--checkpoint", "c"});
  CHECK(options.input == "-");
  CHECK(options.rate == 10.0);
  CHECK(options.line_max == 1024);
  CHECK(options.skip_bad_lines);
  CHECK(options.checkpoint == "c");
  CHECK(parse({"--input", "f"}).line_max == 64 * 1024 * 1024);
  CHECK_FALSE(parse({"--input", "f", "--on-error", "stop"}).skip_bad_lines);
  CHECK(parse({"--input", "f", "--format", "lines", "chat"}).lines_are_text);
  CHECK(parse({"--input", "f", "--disconnect", "-t", "a"}).op == Op::disconnect);
}

TEST_CASE("options: a replay is a batch with the times of its lines") {
  const Options options = parse({"--replay", "-", "--rate", "10/s", "--checkpoint", "c", "-n", "copy"});
  CHECK(options.replay);
  CHECK(options.input == "-");
  CHECK(options.speed == 1.0);
  CHECK(options.rate == 10.0);
  CHECK(options.nsp == "/copy");
  CHECK(parse({"--replay", "f", "--speed", "2.5"}).speed == 2.5);
  CHECK_FALSE(parse({"--replay", "f", "--speed", "max"}).speed);
  CHECK_FALSE(parse({"--input", "f"}).replay);
}

TEST_CASE("options: the form of output depends on where it goes") {
  CHECK(parse({"chat"}, {}, true).output == Output::text);
  CHECK(parse({"chat"}, {}, false).output == Output::json);
  CHECK(parse({"-o", "quiet", "chat"}, {}, true).output == Output::quiet);
  CHECK(parse({"--output", "text", "chat"}).output == Output::text);
}

TEST_CASE("options: Redis comes from the option, then SOCKETIO_REDIS, then REDIS_URL") {
  const Variables both{{"SOCKETIO_REDIS", "redis://second:2"}, {"REDIS_URL", "redis://third:3"}};
  CHECK(parse({"chat"}).redis.port == 6379);
  CHECK(parse({"chat"}, {{"REDIS_URL", "redis://third:3"}}).redis.host == "third");
  CHECK(parse({"chat"}, both).redis.host == "second");
  CHECK(parse({"-r", "redis://first:1", "chat"}, both).redis.host == "first");
  CHECK(parse({"chat"}, {{"SOCKETIO_REDIS", ""}, {"REDIS_URL", "redis://third:3"}}).redis.host == "third");
  CHECK(parse({"-r", "unix:///run/r.sock", "chat"}).redis.unix_path == "/run/r.sock");
}

TEST_CASE("options: the password comes from a file, the URL, or the environment, and is never part of a sentence") {
  const TemporaryFile file("first line\r\nsecond\n");
  const Variables variables{{"SOCKETIO_REDIS_PASSWORD", "from-environment"}};
  CHECK(parse({"--password-file", file.path(), "chat"}, variables).redis.password == "first line");
  CHECK(parse({"-r", "redis://u:from-url@h", "chat"}, variables).redis.password == "from-url");
  CHECK(parse({"--user", "u", "chat"}, variables).redis.password == "from-environment");
  CHECK(parse({"--user", "u", "chat"}, variables).redis.username == "u");
  CHECK_FALSE(contains(refusal({"-r", "redis://u:secret@h:99999", "chat"}), "secret"));
  CHECK_FALSE(contains(refusal({"-r", "rediss://u:secret@h", "chat"}), "secret"));

  const TemporaryFile empty("\n");
  CHECK(refusal({"--password-file", empty.path(), "chat"}) ==
        "There is no password in the first line of " + empty.path() + ".");
  const TemporaryFile wide(std::string("\xff\xfes\0e\0\n\0", 8));
  CHECK(contains(refusal({"--password-file", wide.path(), "chat"}), wide.path() + ": the input is UTF-16 (LE)"));
  CHECK(refusal({"--password-file", "/nowhere/p", "chat"}) == "Cannot open /nowhere/p: No such file or directory.");
}

TEST_CASE("options: the sentinels' own log-in, from a file or from the environment") {
  const std::string url = "redis+sentinel://user:secret@h1,h2:7/orders/2";
  const TemporaryFile file("of-sentinels\nrest\n");
  const auto options = parse({"-r", url, "--sentinel-user", "watcher", "--sentinel-password-file", file.path(), "chat"}).redis;
  CHECK(options.master_name == "orders");
  CHECK(options.endpoints.size() == 2);
  CHECK(options.username == "user");
  CHECK(options.password == "secret");
  CHECK(options.sentinel_username == "watcher");
  CHECK(options.sentinel_password == "of-sentinels");
  const Variables environment{{"SOCKETIO_SENTINEL_PASSWORD", "x"}};
  CHECK(parse({"-r", url, "chat"}, environment).redis.sentinel_password == "x");
  CHECK(parse({"-r", url, "--sentinel-password-file", file.path(), "chat"}, environment).redis.sentinel_password ==
        "of-sentinels");
  CHECK(parse({"chat"}, environment).redis.sentinel_password.empty());
  CHECK(contains(refusal({"--sentinel-user", "x", "chat"}), "redis+sentinel://"));
}

TEST_CASE("options: the key and the stream have no control characters") {
  CHECK(refusal({"--key", "a\tb", "chat"}) == "The key has a control character: \"a?b\".");
  CHECK(refusal({"--stream-name", "s\t", "chat"}) == "The name of the stream has a control character: \"s?\".");
  CHECK(contains(refusal({"chat"}, {{"SOCKETIO_KEY", "k\n"}}), "The key in SOCKETIO_KEY has a control character"));
  CHECK(contains(refusal({"chat"}, {{"SOCKETIO_KEY", "k\xff"}}), "The key in SOCKETIO_KEY is not UTF-8"));
}

TEST_CASE("options: the key and the timeout") {
  CHECK(parse({"chat"}).key == "socket.io");
  CHECK(parse({"chat"}, {{"SOCKETIO_KEY", "k"}}).key == "k");
  CHECK(parse({"--key", "o", "chat"}, {{"SOCKETIO_KEY", "k"}}).key == "o");
  CHECK(parse({"chat"}).timeout == 5s);
  CHECK(parse({"--timeout", "250ms", "chat"}).timeout == 250ms);
}

TEST_CASE("options: the transport, from the command line or else from the environment; several are possible") {
  using Transports = std::vector<Transport>;
  CHECK(parse({"chat"}).transports == Transports{Transport::classic});
  CHECK(parse({"--transport", "sharded", "chat"}).transports == Transports{Transport::sharded});
  CHECK(parse({"chat"}, {{"SOCKETIO_TRANSPORT", "streams"}}).transports == Transports{Transport::streams});
  CHECK(parse({"--transport", "classic", "chat"}, {{"SOCKETIO_TRANSPORT", "streams"}}).transports ==
        Transports{Transport::classic});
  CHECK(parse({"--transport", "classic,streams", "chat"}).transports == Transports{Transport::classic, Transport::streams});
  CHECK(parse({"--transport", "auto", "chat"}).transports.empty());
  CHECK(refusal({"--transport", "pigeons", "chat"}) ==
        "--transport cannot be \"pigeons\": it is classic, sharded, streams or auto, or several of the first three, "
        "like "
        "classic,streams.");
  CHECK(contains(refusal({"chat"}, {{"SOCKETIO_TRANSPORT", "classic,"}}), "SOCKETIO_TRANSPORT cannot be \"classic,\""));
  CHECK(contains(refusal({"--transport", "classic,auto", "chat"}), "cannot be \"classic,auto\""));
  CHECK(refusal({"--transport", "streams,streams", "chat"}) == "--transport names streams twice.");
}

TEST_CASE("options: what belongs to a transport") {
  const Options sharded = parse({"--transport", "sharded", "--sharded-mode", "dynamic-private", "chat"});
  CHECK(sharded.sharded_mode == SubscriptionMode::dynamic_private);
  const Options streams =
      parse({"--transport", "auto", "--stream-name", "s", "--stream-count", "4", "--stream-maxlen", "500", "chat"});
  CHECK(streams.stream_name == "s");
  CHECK(streams.stream_count == 4);
  CHECK(streams.stream_length_max == 500);
  CHECK(refusal({"--transport", "classic", "--sharded-mode", "static", "chat"}) ==
        "--sharded-mode belongs to sharded fleets: add --transport sharded.");
  CHECK(refusal({"--transport", "sharded", "--stream-count", "2", "chat"}) ==
        "--stream-count belongs to streams fleets: add --transport streams.");
  CHECK(contains(refusal({"--sharded-mode", "public", "chat"}), "it is dynamic (default), static or dynamic-private"));
  CHECK(contains(refusal({"--stream-count", "0", "chat"}), "--stream-count cannot be \"0\""));
  CHECK(parse({"--stream-count", "10000", "chat"}).stream_count == 10'000);
  CHECK(contains(refusal({"--stream-count", "10001", "chat"}), "--stream-count cannot be \"10001\""));
  CHECK(contains(refusal({"--stream-maxlen", "many", "chat"}), "--stream-maxlen cannot be \"many\""));
  CHECK(contains(refusal({"--stream-name", "", "chat"}), "The value of --stream-name is empty."));
  CHECK(contains(refusal({"--transport", "auto", "--dry-run", "chat"}), "--transport auto and --dry-run do not go together"));
  CHECK(contains(refusal({"--transport", "streams", "--require-receivers", "1", "chat"}),
                 "--require-receivers and streams do not go together: a stream does not tell who reads it"));
}

TEST_CASE("options: whether receivers can be counted in a Redis Cluster is decided when the transport is known") {
  const Words words{"-r", "redis+cluster://h:1", "--require-receivers", "2", "chat"};
  CHECK(parse(words).require_receivers == 2);
  Words named = words;
  named.insert(named.begin(), {"--transport", "classic"});
  CHECK(contains(refusal(named), "--require-receivers and classic on a Redis Cluster do not go together"));
}

TEST_CASE("options: answers may be asked for, where somebody can give them") {
  CHECK(parse({"--ack", "chat"}).ack);
  CHECK(parse({"--server-side", "--ack", "chat"}).ack);
  CHECK(contains(refusal({"--ack", "--input", "f"}), "--ack and --input do not go together"));
  CHECK(contains(refusal({"--ack", "--join", "a"}), "--ack and --join do not go together: nobody answers to that"));
  CHECK(contains(refusal({"--ack", "--transport", "classic,streams", "a"}), "--ack and several transports"));
  CHECK(contains(refusal({"--ack", "--dry-run", "a"}), "--ack and --dry-run"));
  CHECK(contains(refusal({"--ack", "--require-receivers", "1", "a"}), "--ack and --require-receivers"));
}

TEST_CASE("options: which answers are enough") {
  using socketio::asking::Until;
  CHECK(parse({"--ack", "chat"}).until == Until::all);
  CHECK(parse({"--ack", "--first", "chat"}).until == Until::first);
  CHECK(parse({"--ack", "--server-side", "--quorum", "chat"}).until == Until::quorum);
  CHECK(parse({"--ack", "--expected", "3", "chat"}).expected == 3);
  CHECK(parse({"--ack", "--first", "--first=false", "chat"}).until == Until::all);
  CHECK(contains(refusal({"--first", "chat"}), "--first says which answers are enough: it belongs to --ack."));
  CHECK(contains(refusal({"--expected", "3", "--input", "f"}), "--expected says which answers are enough"));
  CHECK(contains(refusal({"--ack", "--first", "--quorum", "chat"}), "--first and --quorum do not go together"));
  CHECK(contains(refusal({"--ack", "--quorum", "--expected", "2", "chat"}), "--quorum and --expected do not go together"));
  CHECK(contains(refusal({"--ack", "--expected", "2", "--first", "chat"}), "--first and --expected do not go together"));
  for (const char* bad : {"0", "-1", "many", " "}) {
    CHECK(contains(refusal({"--ack", std::string("--expected=") + bad, "chat"}), "write a number of answers, like 3"));
  }
}

TEST_CASE("options: mistakes get a sentence that says what to do") {
  const std::pair<Words, std::string> cases[] = {
      {{"--rooom", "x", "chat"}, "There is no option --rooom; did you mean --room?"},
      {{"--zzzzzzzzzz", "chat"}, "There is no option --zzzzzzzzzz."},
      {{"-q", "chat"}, "There is no option -q."},
      {{"-\xc3\xa9", "chat"}, "There is no option -\xc3\xa9."},
      {{"chat", "--to"}, "Option \"to\" is missing an argument"},
      {{"-t", "a"}, "What is to be sent?"},
      {{""}, "The name of the event is empty."},
      {{"--timeout", "5", "chat"}, "--timeout cannot be \"5\": write a number with its unit, like 500ms, 5s or 1m."},
      {{"--output", "xml", "chat"}, "--output cannot be \"xml\": it is text, json or quiet."},
      {{"--require-receivers", "two", "chat"}, "--require-receivers cannot be \"two\""},
      {{"--room-number", "kitchen", "chat"}, "--room-number must be a number"},
      {{"--compress", "--no-compress", "chat"}, "--compress and --no-compress contradict each other."},
      {{"--join", "a", "chat"}, "--join and the event \"chat\" do not go together"},
      {{"--disconnect", "chat"}, "--disconnect and the event \"chat\" do not go together"},
      {{"--join", "a", "--leave", "b"}, "--join and --leave do not go together"},
      {{"--disconnect", "--server-side"}, "--disconnect and --server-side do not go together"},
      {{"--disconnect"}, "--disconnect without a room is for everybody in the namespace: add --all"},
      {{"--disconnect", "-x", "a"}, "--disconnect without a room is for everybody in the namespace: add --all"},
      {{"--leave", "a"}, "--leave without a room is for everybody in the namespace: add --all"},
      {{"--all", "-t", "a", "--disconnect"}, "--all and --to do not go together"},
      {{"--all", "--server-side", "chat"}, "--all and --server-side do not go together"},
      {{"-n", "/acme, inc.", "chat"}, "The name of a namespace cannot have a comma"},
      {{"--close", "chat"}, "--close belongs to --disconnect"},
      {{"--join", "a", "--close"}, "--close belongs to --disconnect"},
      {{"--join", "a", "--volatile"}, "--join and --volatile do not go together"},
      {{"--server-side", "-t", "a", "chat"}, "--server-side and --to do not go together"},
      {{"--server-side", "-x", "a", "chat"}, "--server-side and --except do not go together"},
      {{"--input", "f", "chat"}, "--input and the event \"chat\" do not go together"},
      {{"--input", "f", "--format", "lines", "chat", "1"}, "--input and the argument 1 do not go together"},
      {{"--input", "f", "--format", "lines"}, "--format lines needs an EVENT"},
      {{"--input", "f", "--format", "csv"}, "--format cannot be \"csv\""},
      {{"--input", "f", "--format", "lines", "--join", "a"}, "--format lines and --join do not go together"},
      {{"--input", "f", "-s"}, "--input and --string do not go together"},
      {{"--input", "f", "--rate", "fast"}, "--rate cannot be \"fast\""},
      {{"--input", "f", "--line-max", "2G"}, "--line-max cannot be \"2G\""},
      {{"--input", "f", "--on-error", "ask"}, "--on-error cannot be \"ask\""},
      {{"--input", "f", "--checkpoint", "c", "--dry-run"}, "--checkpoint and --dry-run do not go together"},
      {{"--dry-run", "--require-receivers", "1", "chat"}, "--dry-run and --require-receivers do not go together"},
      {{"--rate", "5/s", "chat"}, "--rate belongs to a batch"},
      {{"--speed", "2", "chat"}, "--speed belongs to the replay of a recording"},
      {{"--speed", "2", "--input", "f"}, "--speed belongs to the replay of a recording"},
      {{"--replay", "f", "--speed", "0"}, "--speed cannot be \"0\": write how many times as fast, like 2 or 0.5, or max."},
      {{"--replay", "f", "--input", "g"}, "--replay and --input do not go together"},
      {{"--replay", "f", "--format", "json"}, "--replay and --format do not go together"},
      {{"--replay", "f", "chat"}, "--replay and the event \"chat\" do not go together: the lines of a recording name"},
      {{"--replay", "f", "-s"}, "--replay and --string do not go together"},
      {{"--replay", "f", "--ack"}, "--ack and --replay do not go together"},
      {{"--checkpoint", "c", "chat"}, "--checkpoint belongs to a batch"},
      {{"--format", "lines", "chat"}, "--format belongs to a batch"},
      {{"--on-error", "skip", "chat"}, "--on-error belongs to a batch"},
      {{"--line-max", "1K", "chat"}, "--line-max belongs to a batch"},
      {{"-r", "localhost", "chat"}, "--redis: This is not a Redis URL"},
      {{"-t", "\xff", "chat"}, "The room of --to is not UTF-8."},
      {{"-n", "\xff", "chat"}, "The namespace is not UTF-8."},
  };
  for (const auto& [arguments, expected] : cases) {
    const std::string sentence = refusal(arguments);
    CAPTURE(sentence);
    CHECK(sentence.substr(0, expected.size()) == expected);
  }
  CHECK(contains(refusal({"chat"}, {{"REDIS_URL", "nonsense"}}), "REDIS_URL: This is not a Redis URL"));
}

TEST_CASE("options: TLS by a rediss URL, with its files") {
  const auto options =
      parse({"-r", "rediss://h", "--tls-ca", "ca.pem", "--tls-cert", "c.pem", "--tls-key", "k.pem", "chat"}).redis;
  CHECK(options.tls);
  CHECK(options.tls_ca == "ca.pem");
  CHECK(options.tls_certificate == "c.pem");
  CHECK(options.tls_key == "k.pem");
  CHECK_FALSE(options.tls_insecure);
  CHECK(parse({"-r", "rediss://h", "--tls-insecure", "chat"}).redis.tls_insecure);
  CHECK(contains(refusal({"-r", "redis://h", "--tls-ca", "ca.pem", "chat"}), "rediss://"));
  CHECK(contains(refusal({"-r", "rediss://h", "--tls-cert", "c.pem", "chat"}), "--tls-key"));
  CHECK(contains(refusal({"-r", "rediss://h", "--tls-insecure", "--tls-ca", "ca.pem", "chat"}), "--tls-insecure"));
}

}  // namespace options_test
