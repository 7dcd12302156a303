#include "common/values.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include <socketio/protocol/transcode.hpp>

#include "common/exit_status.hpp"

namespace values_test {

using namespace socketio;
using namespace socketio::cli;

namespace {

/// What a receiver reads, binary as base64.
std::string packed(const std::vector<std::string>& arguments, bool plain = false) {
  Buffer data;
  values::pack_event(data, "e", arguments, plain);
  Buffer json;
  transcode::MsgpackOptions options;
  options.binary = transcode::BinaryForm::base64;
  REQUIRE(transcode::msgpack_to_json(data.bytes(), json, options).ok());
  return std::string(json.text());
}

std::string refusal(const std::vector<std::string>& arguments, bool plain = false) {
  try {
    packed(arguments, plain);
  } catch (const Failure& failure) {
    CHECK(failure.status() == ExitStatus::usage);
    return failure.what();
  }
  return "(accepted)";
}

}  // namespace

TEST_CASE("values: each argument is JSON") {
  CHECK(packed({}) == R"(["e"])");
  CHECK(packed({"42", "-1.5", "true", "null", "\"text\"", "[1,{\"a\":[]}]"}) ==
        R"(["e",42,-1.5,true,null,"text",[1,{"a":[]}]])");
}

TEST_CASE("values: more arguments than a short msgpack array holds") {
  const std::vector<std::string> many(100, "1");
  const std::string json = packed(many);
  CHECK(json.size() == std::string("[\"e\"]").size() + 2 * many.size());
}

TEST_CASE("values: an object with $binary alone is binary, anywhere") {
  CHECK(packed({R"({"$binary":"AQI="})"}) == R"(["e",{"$binary":"AQI="}])");
  CHECK(packed({R"([{"a":{"$binary":""}}])"}) == R"(["e",[{"a":{"$binary":""}}]])");
}

TEST_CASE("values: @FILE is the content of a file, as binary") {
  char path[] = "/tmp/socketio-emit-XXXXXX";
  ::close(::mkstemp(path));
  std::ofstream(path) << std::string("\x01\x02\0\xff", 4);
  const std::string json = packed({std::string("@") + path});
  std::remove(path);
  CHECK(json == R"(["e",{"$binary":"AQIA/w=="}])");
}

TEST_CASE("values: --string takes everything as it stands") {
  CHECK(packed({"hello world", "42", "@x", "{\"$binary\":\"x\"}", ""}, true) ==
        R"(["e","hello world","42","@x","{\"$binary\":\"x\"}",""])");
}

TEST_CASE("values: what is no value gets a sentence with what to do") {
  CHECK(refusal({"hello"}) ==
        "Argument 1 is not JSON: hello\n"
        "For a string, quote it twice: '\"hello\"', or take all arguments as plain strings with --string.");
  CHECK(refusal({"1", "it's"}) ==
        "Argument 2 is not JSON: it's\n"
        "For a string, quote it twice: '\"it'\\''s\"', or take all arguments as plain strings with --string.");
  CHECK(refusal({R"({"a":})"}) ==
        "Argument 1 is not JSON: unexpected } at column 6: {\"a\":}\n"
        "Put it into single quotes, so that the shell leaves it alone, or take all arguments as plain strings with --string.");
  CHECK(refusal({"[1"}).starts_with("Argument 1 is not JSON: it ends inside a value: [1\n"));
  CHECK(refusal({"1 2"}).starts_with("Argument 1 is not JSON: more text after the value at column 3: 1 2\n"));
  CHECK(refusal({R"({"$binary":"%%%"})"})
            .starts_with("Argument 1 is not JSON: the text of \"$binary\" is not base64 at column 12"));
  CHECK(refusal({"\"\xff\""}) == "Argument 1 is not UTF-8: send bytes as @FILE or as {\"$binary\":\"<base64>\"}.");
  CHECK(refusal({"\xff"}, true) == "Argument 1 is not UTF-8.");
  CHECK(refusal({""}).starts_with("Argument 1 is not JSON, it is empty.\nFor a string, quote it twice: '\"\"'"));
  CHECK(refusal({"@"}) == "@ must be followed by the path of a file, or by - for standard input.");
  CHECK(refusal({"@/nowhere/f"}) == "Cannot open /nowhere/f: No such file or directory.");
  CHECK(refusal({"@/tmp"}) == "/tmp is a folder, not a file.");
  Buffer data;
  CHECK_THROWS_AS(values::pack_event(data, "\xff", {}, false), Failure);
}

TEST_CASE("values: a numeric room is a number as in JSON") {
  CHECK(values::numeric_room("42") == Room::number(42));
  CHECK(values::numeric_room("-1.5e3") == Room::number(-1500));
  for (const char* bad : {"", "x", "\"42\"", "042", "1e400", "4 2", "Infinity"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(values::numeric_room(bad), Failure);
  }
}

}  // namespace values_test
