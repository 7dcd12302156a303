#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "emit/dry_run.hpp"
#include "emit/line_parser.hpp"
#include "common/options.hpp"

namespace batch_line_test {

using namespace socketio::cli;
using nlohmann::json;
using socketio::Room;

namespace {

/// A parser that has read one line, and what would be published for it.
struct Line {
  explicit Line(const std::string& line, const Options& options = {}) : parser(options) { good = parser.parse(line); }

  json published() {
    REQUIRE_MESSAGE(good, parser.problem());
    Rehearsal rehearsal{Options{}};
    perform(rehearsal, parser.operation());
    return json::parse(describe_publication(rehearsal.publication(), Output::json));
  }
  json message() { return published()["message"]; }
  std::string channel() { return published()["channel"]; }

  JsonLineParser parser;
  bool good = false;
};

std::string problem(const std::string& text) {
  const Line line(text);
  return line.good ? "(accepted)" : line.parser.problem();
}

json published(JsonLineParser& parser, const std::string& line) {
  REQUIRE(parser.parse(line));
  Rehearsal rehearsal{Options{}};
  perform(rehearsal, parser.operation());
  return json::parse(describe_publication(rehearsal.publication(), Output::json))["message"];
}

const json to_all = json::parse(R"({"rooms":[],"flags":{},"except":[]})");

}  // namespace

TEST_CASE("batch line: an event") {
  Line line(
      R"({"event":"chat","args":[1,"two",{"three":[3]}],"to":["room",7],"except":["x"],"nsp":"/n","volatile":true,"compress":false})");
  CHECK(line.channel() == "socket.io#/n#");
  CHECK(line.message()[1] == json::parse(R"({"type":2,"data":["chat",1,"two",{"three":[3]}],"nsp":"/n"})"));
  CHECK(line.message()[2] == json::parse(R"({"rooms":["room",7],"flags":{"volatile":true,"compress":false},"except":["x"]})"));
}

TEST_CASE("batch line: only an event is needed") {
  Line line(R"({"event":"chat"})");
  CHECK(line.message()[1]["data"] == json::parse(R"(["chat"])"));
  CHECK(line.message()[2] == to_all);
}

TEST_CASE("batch line: the order of members does not matter, white space neither") {
  Line line(" { \"args\" : [ 1 ] ,\t\"to\" : [ \"a\" ] , \"event\" : \"e\" } ");
  CHECK(line.channel() == "socket.io#/#a#");
  CHECK(line.message()[1]["data"] == json::parse(R"(["e",1])"));
}

TEST_CASE("batch line: more arguments than a short msgpack array holds") {
  Line line(R"({"event":"e","args":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]})");
  CHECK(line.message()[1]["data"].size() == 21);
}

TEST_CASE("batch line: rooms are accepted for to, and named once") {
  CHECK(Line(R"({"event":"e","rooms":["a"]})").channel() == "socket.io#/#a#");
  CHECK(Line(R"({"event":"e","to":["a","a"]})").channel() == "socket.io#/#a#");
  CHECK(Line(R"({"event":"e","to":[7]})").message()[2]["rooms"] == json::parse("[7]"));
}

TEST_CASE("batch line: a hundred rooms are made unique, too") {
  std::string rooms = "\"r0\"";
  for (int i = 1; i < 100; ++i) {
    rooms += ",\"r" + std::to_string(i % 50) + "\"";
  }
  CHECK(Line(R"({"event":"e","to":[)" + rooms + "]}").message()[2]["rooms"].size() == 50);
}

TEST_CASE("batch line: binary inside arguments") {
  CHECK(Line(R"({"event":"e","args":[{"$binary":"AQI="}]})").message()[1]["data"][1] == json::parse(R"({"$binary":"AQI="})"));
}

TEST_CASE("batch line: join, leave, disconnect and server-side") {
  CHECK(Line(R"({"op":"join","rooms":["a",7],"to":["b"],"except":["c"]})").message() ==
        json::parse(R"({"type":2,"opts":{"rooms":["b"],"except":["c"]},"rooms":["a",7]})"));
  CHECK(Line(R"({"op":"leave","rooms":["a"],"all":true})").message() ==
        json::parse(R"({"type":3,"opts":{"rooms":[],"except":[]},"rooms":["a"]})"));
  CHECK(Line(R"({"op":"disconnect","rooms":["a"],"close":true})").message() ==
        json::parse(R"({"type":4,"opts":{"rooms":["a"],"except":[]},"close":true})"));
  Line server_side(R"({"op":"server-side","event":"e","args":[1]})");
  CHECK(server_side.message()["type"] == 6);
  CHECK(server_side.message()["data"] == json::parse(R"(["e",1])"));
  CHECK(server_side.channel() == "socket.io-request#/#");
}

TEST_CASE("batch line: members that do not belong to the operation may be there when they are empty") {
  CHECK(
      Line(
          R"({"op":"join","rooms":["a"],"event":"","args":[],"to":[],"except":[],"volatile":false,"compress":false,"close":false})")
          .good);
  CHECK(Line(R"({"op":"server-side","event":"e","to":[],"rooms":[],"except":[],"close":null})").good);
  CHECK(Line(R"({"op":"emit","event":"e","args":null,"all":null,"volatile":null,"compress":null,"close":false})").good);
  CHECK(Line(R"({"op":"","event":"e","nsp":"","rooms":[],"to":["a"]})").channel() == "socket.io#/#a#");
}

TEST_CASE("batch line: what the line does not say, the options do") {
  Options options;
  options.nsp = "/n";
  options.rooms = {"a"};
  options.except = {"x"};
  options.is_volatile = true;
  options.compress = true;
  CHECK(Line(R"({"event":"e"})", options).message()[2] ==
        json::parse(R"({"rooms":["a"],"flags":{"volatile":true,"compress":true},"except":["x"]})"));
  Line other(R"({"event":"e","nsp":"m","all":true,"except":[],"volatile":false,"compress":false})", options);
  CHECK(other.channel() == "socket.io#/m#");
  CHECK(other.message()[2] == json::parse(R"({"rooms":[],"flags":{"compress":false},"except":["x"]})"));

  Options join;
  join.op = Op::join;
  join.op_rooms = {"lobby"};
  CHECK(Line(R"({"to":["s1"]})", join).message()["rooms"] == json::parse(R"(["lobby"])"));
  CHECK(Line(R"({"to":["s1"],"rooms":["bar"]})", join).message()["rooms"] == json::parse(R"(["bar"])"));
  CHECK(Line(R"({"op":"emit","event":"e"})", join).message()[2] == to_all);
}

TEST_CASE("batch line: one line leaves nothing behind for the next one") {
  JsonLineParser parser{Options{}};
  published(parser, R"({"event":"a","args":[1],"to":["r"],"except":["x"],"nsp":"/n","volatile":true,"compress":true})");
  const json second = published(parser, R"({"event":"b"})");
  CHECK(second[1] == json::parse(R"({"type":2,"data":["b"],"nsp":"/"})"));
  CHECK(second[2] == to_all);
  published(parser, R"({"op":"disconnect","all":true,"close":true})");
  CHECK(published(parser, R"({"op":"disconnect","all":true})")["close"] == false);
  CHECK_FALSE(parser.parse(R"({"op":"disconnect"})"));
  REQUIRE(parser.parse(R"({"event":"c","to":[]})"));
  CHECK(parser.operation().target.nobody);
  CHECK(published(parser, R"({"event":"c"})")[2] == to_all);
  CHECK_FALSE(parser.operation().target.nobody);
}

TEST_CASE("batch line: lines that differ in args alone are read alike, wherever args stand") {
  for (const std::string& frame :
       {std::string(R"({"event":"e","to":["r"],"args":@})"), std::string(R"({"args":@,"to":["r"],"event":"e"})"),
        std::string(R"({"event":"e" , "args" : @ , "to":["r"] } )")}) {
    CAPTURE(frame);
    const auto with = [&](const std::string& args) { return std::string(frame).replace(frame.find('@'), 1, args); };
    JsonLineParser parser{Options{}};
    for (const char* args : {"[1]", "[2,3]", "[]", "[\"x\"]", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]", "[ ]"}) {
      CAPTURE(args);
      CHECK(published(parser, with(args)) == Line(with(args)).message());
    }
    for (const char* bad : {"[1", "{}", "1", "[1],[2]", "[1],\"event\":\"f\"", "", "[1]]"}) {
      CAPTURE(bad);
      const Line alone(with(bad));
      REQUIRE(parser.parse(with("[1]")));
      CHECK(parser.parse(with(bad)) == alone.good);
      if (alone.good) {
        CHECK(parser.operation().data.text() == alone.parser.operation().data.text());
      } else {
        CHECK(parser.problem() == alone.parser.problem());
      }
      CHECK(published(parser, with("[7]")) == Line(with("[7]")).message());
    }
  }
}

TEST_CASE("batch line: args given twice count once, the last ones, also in the lines that follow") {
  JsonLineParser parser{Options{}};
  CHECK(published(parser, R"({"event":"e","args":[1],"args":[2]})")[1]["data"] == json::parse(R"(["e",2])"));
  CHECK(published(parser, R"({"event":"e","args":[3],"args":[4]})")[1]["data"] == json::parse(R"(["e",4])"));
}

TEST_CASE("batch line: nesting is limited the same way in the first line and in those like it") {
  const auto nested = [](std::size_t depth) {
    return R"({"event":"e","args":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  JsonLineParser parser{Options{}};
  for (const std::size_t depth : {1U, 2U, 510U, 511U, 512U, 513U}) {
    CAPTURE(depth);
    JsonLineParser fresh{Options{}};
    CHECK(parser.parse(nested(depth)) == fresh.parse(nested(depth)));
  }
}

TEST_CASE("batch line: every mistake has its sentence") {
  CHECK(problem("event: chat") == "it is not JSON: unexpected e at column 1");
  CHECK(problem("[1]") == "it is a JSON array; a batch has one JSON object a line, which jq -c '.[]' FILE makes of it");
  CHECK(problem(R"({"Event":"c"})") == R"(there is no member "Event" (did you mean "event"?) at column 2)");
  CHECK(problem(R"({"event":"c","room":"x"})") == R"(there is no member "room" (did you mean "rooms"?) at column 14)");
  CHECK(problem(R"({"namespace":"/x"})") == R"(there is no member "namespace" (did you mean "nsp"?) at column 2)");
  CHECK(problem("7") == R"(it is not a JSON object, like {"event":"chat","args":["hello"]})");
  CHECK(problem(R"({"event":"c",})") == "it is not JSON: unexpected } at column 14");
  CHECK(problem(R"({"event":"c"} x)") == "it is not JSON: more text after the value at column 15");
  CHECK(problem("{\"event\":\"\xff\"}") == "it is not JSON: a byte that is not UTF-8 at column 11");
  CHECK(problem(R"({"évent":"c"})") == "there is no member \"évent\" (did you mean \"event\"?) at column 2");
  CHECK(problem(R"({"event":"c","arg":[1]})") == "there is no member \"arg\" (did you mean \"args\"?) at column 14");
  CHECK(problem(R"({"event":7})") == "\"event\" must be a string (column 10)");
  CHECK(problem(R"({"event":"c","args":{}})") == "\"args\" must be an array (column 21)");
  CHECK(problem(R"({"event":"c","to":"a"})") == "\"to\" must be an array of rooms, like [\"kitchen\"] (column 19)");
  CHECK(problem(R"({"event":"c","to":[true]})") == "a room in \"to\" must be a string or a number at column 20");
  CHECK(problem(R"({"event":"c","to":[1e400]})").starts_with("a room in \"to\" must be a string or a number"));
  CHECK(problem(R"({"event":"c","nsp":7})") == "\"nsp\" must be a string (column 20)");
  CHECK(problem(R"({"event":"c","volatile":1})") == "\"volatile\" must be true or false (column 25)");
  CHECK(problem(R"({"event":"c","args":[{"$binary":"%"}]})") ==
        "it is not JSON: the text of \"$binary\" is not base64 at column 33");
  CHECK(problem("{}") == "there is no \"event\"");
  CHECK(problem(R"({"event":""})") == "there is no \"event\"");
  CHECK(problem(R"({"op":"server-side"})") == "there is no \"event\"");
  CHECK(problem(R"({"op":"shout"})") ==
        "\"op\" cannot be \"shout\": it must be \"emit\", \"join\", \"leave\", \"disconnect\" or \"server-side\"");
  CHECK(problem(R"({"op":"join"})") == "\"join\" needs \"rooms\", the rooms to join");
  CHECK(problem(R"({"op":"join","rooms":["a"],"event":"e"})") == "\"event\" does not belong to the operation \"join\"");
  CHECK(problem(R"({"op":"leave","rooms":["a"],"args":[1]})") == "\"args\" does not belong to the operation \"leave\"");
  CHECK(problem(R"({"event":"e","close":true})") == "\"close\" does not belong to the operation \"emit\"");
  CHECK(problem(R"({"op":"disconnect","volatile":true})") == "\"volatile\" does not belong to the operation \"disconnect\"");
  CHECK(problem(R"({"op":"server-side","event":"e","to":["a"]})") == "\"to\" does not belong to the operation \"server-side\"");
  CHECK(problem(R"({"event":"e","to":["a"],"rooms":["b"]})") ==
        "\"to\" and \"rooms\" mean the same here: put all rooms into one of them");
  CHECK(problem(R"({"event":"e","to":[],"rooms":["b"]})") ==
        "\"to\" is empty, which selects nobody, and \"rooms\" means the same here: leave one of them out");
}

TEST_CASE("batch line: an empty except is as if it were absent, so the rooms of --except are left out") {
  Options options;
  options.except = {"night"};
  const json night = json::parse(R"(["night"])");
  CHECK(Line(R"({"event":"e","except":[]})", options).message()[2]["except"] == night);
  CHECK(Line(R"({"op":"disconnect","to":["a"],"except":[]})", options).message()["opts"]["except"] == night);
  CHECK(Line(R"({"event":"e","except":["day"]})", options).message()[2]["except"] == json::parse(R"(["day"])"));
}

TEST_CASE("batch line: an empty list of rooms selects nobody, whatever the options say, and all:true selects everybody") {
  Options to_kitchen;
  to_kitchen.rooms = {"kitchen"};
  Options all;
  all.all = true;
  for (const Options& options : {Options{}, to_kitchen, all}) {
    for (const char* text : {R"({"event":"c","to":[]})", R"({"event":"c","rooms":[]})", R"({"op":"disconnect","to":[]})",
                             R"({"op":"disconnect","rooms":[]})", R"({"op":"leave","rooms":["a"],"to":[]})",
                             R"({"op":"join","rooms":["a"],"to":[]})", R"({"event":"c","to":[],"all":false})",
                             R"({"op":"server-side","event":"c","to":[]})"}) {
      CAPTURE(text);
      const Line line(text, options);
      REQUIRE_MESSAGE(line.good, line.parser.problem());
      CHECK(line.parser.operation().target.rooms.empty());
      CHECK(line.parser.operation().target.nobody);
    }
    for (const char* text : {R"({"event":"c","to":[],"all":true})", R"({"event":"c","all":true})",
                             R"({"op":"disconnect","all":true})", R"({"op":"leave","rooms":["a"],"all":true})"}) {
      CAPTURE(text);
      const Line line(text, options);
      REQUIRE_MESSAGE(line.good, line.parser.problem());
      CHECK(line.parser.operation().target.rooms.empty());
      CHECK_FALSE(line.parser.operation().target.nobody);
    }
  }
  CHECK_FALSE(Line(R"({"op":"disconnect"})", all).parser.operation().target.nobody);
  CHECK(Line(R"({"op":"disconnect","to":["a"]})", all).parser.operation().target.rooms == std::vector<Room>{"a"});
  CHECK(Line(R"({"op":"disconnect"})", to_kitchen).parser.operation().target.rooms == std::vector<Room>{"kitchen"});
}

TEST_CASE("batch line: null where somebody is selected is a mistake, and so is everybody who was not asked for") {
  for (const char* member : {"to", "rooms", "except", "nsp"}) {
    CAPTURE(member);
    const std::string sentence = problem(R"({"event":"c",")" + std::string(member) + "\":null}");
    CHECK(sentence.starts_with("\"" + std::string(member) + "\" is null, which chooses nobody and not everybody"));
  }
  CHECK(problem(R"({"op":"disconnect"})") ==
        "\"disconnect\" without \"to\" is for everybody in the namespace: add \"all\":true if that is meant");
  CHECK(problem(R"({"op":"leave","rooms":["a"],"except":["b"]})") ==
        "\"leave\" without \"to\" is for everybody in the namespace: add \"all\":true if that is meant");
  CHECK(problem(R"({"op":"disconnect","all":false})").starts_with("\"disconnect\" without \"to\""));
  CHECK(problem(R"({"op":"disconnect","all":null})").starts_with("\"disconnect\" without \"to\""));
  CHECK(problem(R"({"event":"c","all":true,"to":["a"]})") ==
        "\"all\" means everybody, \"to\" those in a room: leave one of them out");
  CHECK(problem(R"({"op":"server-side","event":"c","all":true})") ==
        "\"all\" does not belong to the operation \"server-side\"");
}

TEST_CASE("batch line: a namespace that no client can join is refused") {
  CHECK(problem(R"({"event":"c","nsp":"/acme, inc."})") ==
        "\"nsp\" has a comma, which ends the name in a packet: no client could join that namespace");
}

TEST_CASE("batch line: a problem shows no control characters, and not all of a long name") {
  const std::string sentence = problem("{\"" + std::string(1000, 'x') + "\\u001b\":1}");
  CHECK(sentence.size() < 200);
  CHECK(problem(R"({"\u001b[31m":1})") == "there is no member \"?[31m\" at column 2");
}

TEST_CASE("batch line: every beginning of a good line is recognised as one") {
  const std::string whole = R"({"event":"chat","args":[1.5,true,null,"x\u00e9"],"to":["a",7],"volatile":true})";
  for (std::size_t size = 1; size < whole.size(); ++size) {
    CAPTURE(size);
    const Line line(whole.substr(0, size));
    REQUIRE_FALSE(line.good);
    CHECK(line.parser.ends_early());
  }
  CHECK_FALSE(Line(R"({"event":"c",})").parser.ends_early());
}

TEST_CASE("batch line: with --format lines, each line is one string argument") {
  Options options;
  options.lines_are_text = true;
  options.event = "log";
  options.rooms = {"r"};
  TextLineParser parser(options);
  Rehearsal rehearsal{Options{}};
  for (const std::string line : {"hello", " {\"not\":\"parsed\"} ", "Grüße 🎈"}) {
    REQUIRE(parser.parse(line));
    perform(rehearsal, parser.operation());
    CHECK(json::parse(describe_publication(rehearsal.publication(), Output::json))["message"][1]["data"] ==
          json::array({"log", line}));
  }
  CHECK_FALSE(parser.parse("ab\xff"));
  CHECK(parser.problem() == "a byte that is not UTF-8 at column 3");
}

TEST_CASE("batch line: the time of a recording is read, and means nothing to what is sent") {
  Line line(R"({"at_ms":1250,"event":"chat","args":[1]})");
  CHECK(line.parser.at_ms() == 1250);
  CHECK(line.message()[1] == json::parse(R"({"type":2,"data":["chat",1],"nsp":"/"})"));
  CHECK_FALSE(Line(R"({"event":"chat","at_ms":null})").parser.at_ms());
  for (const char* bad : {"-1", "1.5", "\"7\"", "true", "[]", "1e16", "1e400"}) {
    CAPTURE(bad);
    CHECK(problem(R"({"event":"c","at_ms":)" + std::string(bad) + "}") ==
          "\"at_ms\" must be whole milliseconds, like 1250 (column 22)");
  }
}

TEST_CASE("batch line: in a replay each line has its time, which never goes back") {
  Options options;
  options.replay = true;
  JsonLineParser parser(options);
  REQUIRE(parser.parse(R"({"at_ms":5,"event":"a","args":[1]})"));
  REQUIRE(parser.parse(R"({"at_ms":5,"event":"a","args":[2]})"));
  CHECK(parser.at_ms() == 5);
  REQUIRE(parser.parse(R"({"at_ms":70,"event":"a","args":[2]})"));
  CHECK(parser.at_ms() == 70);
  CHECK_FALSE(parser.parse(R"({"at_ms":69,"event":"a","args":[2]})"));
  CHECK(parser.problem() == "its \"at_ms\" is less than 70, that of the line before");
  CHECK_FALSE(parser.parse(R"({"event":"a","args":[2]})"));
  CHECK(parser.problem() == "there is no \"at_ms\", which each line of a recording has; what is none can be sent with --input");
  CHECK_FALSE(parser.parse(R"({"at_ms":100,"event":"","args":[2]})"));
  CHECK(parser.parse(R"({"at_ms":70,"op":"join","rooms":["x"]})"));
  JsonLineParser batch{Options{}};
  CHECK(batch.parse(R"({"at_ms":9,"event":"a"})"));
  CHECK(batch.parse(R"({"at_ms":3,"event":"a"})"));
}

}  // namespace batch_line_test
