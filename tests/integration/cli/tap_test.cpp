#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "subscriber.hpp"
#include "support/folder.hpp"
#include "support/redis_server.hpp"
#include "tool.hpp"

namespace tap_test {

using namespace support;

namespace {

Surroundings fleet_tool() {
  Surroundings surroundings;
  surroundings.tool = "SOCKETIO_FLEET";
  return surroundings;
}

Ended fleet(const Words& arguments, Surroundings surroundings = {}) {
  surroundings.tool = "SOCKETIO_FLEET";
  return emit(arguments, "", surroundings);
}

bool listens(Tool& tap) {
  return eventually([&] { return tap.err().find("Listening: ") != std::string::npos; });
}

std::ptrdiff_t line_count(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

/// Adds `count` entries to the stream at once, of which the last `kept` stay.
void add_entries(const RedisServer& redis, int count, int kept, const std::string& event = "e") {
  REQUIRE(
      redis.ask({"EVAL",
                 "for i = 1, tonumber(ARGV[1]) do redis.call('XADD', 'socket.io', 'MAXLEN', ARGV[2], '*', 'uid', 'emitter', "
                 "'nsp', '/', 'type', '3', 'data', '{\"opts\":{\"rooms\":[],\"except\":[]},\"packet\":{\"type\":2,"
                 "\"data\":[\"' .. ARGV[3] .. '\",1],\"nsp\":\"/\"}}') end return 1",
                 "0", std::to_string(count), std::to_string(kept), event}) == ":1");
}

}  // namespace

TEST_CASE("tap: --limit is kept when many messages come at once, in the output, in the record and in the counts") {
  const RedisServer redis;
  const Folder folder;
  const std::string record = folder / "record";
  Tool tap({"tap", "-r", redis.url(), "--transport", "streams", "--limit", "3", "--record", record, "-o", "json"},
           fleet_tool());
  REQUIRE(listens(tap));
  add_entries(redis, 200, 1'000);
  const Ended ended = tap.wait();
  CHECK(ended.status == 0);
  CHECK(line_count(ended.out) == 4);
  CHECK(ended.summary()["shown"] == 3);
  CHECK(ended.summary()["seen"] == 3);
  CHECK(ended.summary()["recorded"] == 3);
  const std::string content = content_of(record);
  CHECK(line_count(content) == 3);
  const Ended history =
      fleet({"tap", "-r", redis.url(), "--transport", "streams", "--last", "20", "--limit", "5", "-o", "json"});
  CHECK(line_count(history.out) == 6);
  CHECK(history.summary()["seen"] == 5);
}

TEST_CASE("tap: entries that a stream drops before they are read are counted, said, and end with status 3") {
  const RedisServer redis;
  add_entries(redis, 300, 300);
  Tool tap({"tap", "-r", redis.url(), "--transport", "streams", "--event", "last", "--limit", "1", "-o", "json"}, fleet_tool());
  REQUIRE(listens(tap));
  add_entries(redis, 50, 300);
  add_entries(redis, 1'000, 300);  // at once: the first 700 are trimmed before they can be read
  REQUIRE(eventually([&] { return tap.err().find("Missing: ") != std::string::npos; }));
  add_entries(redis, 1, 301, "last");
  const Ended ended = tap.wait();
  CHECK(ended.status == 3);
  CHECK(ended.says("entries of the stream socket.io, which it dropped before they were read."));
  const auto summary = ended.summary();
  CHECK(summary["missed"].get<int>() + summary["seen"].get<int>() == 1'051);
  CHECK(summary["missed"].get<int>() >= 700);
}

TEST_CASE("tap: a record holds no character that controls a terminal") {
  const RedisServer redis;
  const Folder folder;
  const std::string record = folder / "record";
  add_entries(redis, 1, 10, "a\x7f" "b\xc2\x9b" "c\xe2\x80\xae");
  const Words words{"tap", "-r", redis.url(), "--transport", "streams", "--last", "1", "--limit", "1", "--record", record};
  CHECK(fleet(words).status == 0);
  const std::string content = content_of(record);
  CHECK(content.find(R"("event":"a\u007fb\u009bc\u202e")") != std::string::npos);
}

TEST_CASE("tap: streams that the user may not read end it with status 2, also with --limit") {
  const RedisServer redis;
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "on", ">pw", "+@all", "-xread", "~*", "&*"}).starts_with("+OK"));
  add_entries(redis, 1, 10);
  for (const Words& more : {Words{"--for", "20s"}, Words{"--limit", "1"}, Words{"--last", "1", "--limit", "1"}}) {
    CAPTURE(more.front());
    Words words{"tap", "-r", "redis://app:pw@127.0.0.1:" + std::to_string(redis.port()), "--transport", "streams"};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = fleet(words);
    CHECK(ended.status == 2);
    CHECK(ended.says("Redis does not let this user listen: NOPERM"));
  }
}

TEST_CASE("tap: streams that it may not read any more are said and counted once; it goes on, or ends with status 3") {
  const RedisServer redis;
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "on", ">pw", "+@all", "~*", "&*"}).starts_with("+OK"));
  Tool tap({"tap", "-r", "redis://app:pw@127.0.0.1:" + std::to_string(redis.port()), "--transport", "streams", "--limit", "3",
            "-o", "json"},
           fleet_tool());
  REQUIRE(listens(tap));
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "-xread"}).starts_with("+OK"));
  add_entries(redis, 1, 10);  // ends the XREAD that waits
  REQUIRE(eventually([&] { return tap.err().find("Redis does not let the streams be read any more (") != std::string::npos; }));
  SUBCASE("it may again: nothing is missing") {
    REQUIRE(redis.ask({"ACL", "SETUSER", "app", "+xread"}).starts_with("+OK"));
    add_entries(redis, 2, 10);
    const Ended ended = tap.wait();
    CHECK(ended.status == 0);
    CHECK(ended.says("Reading again (streams)."));
    CHECK(ended.summary()["interruptions"] == 1);
    CHECK(ended.summary()["shown"] == 3);
  }
  SUBCASE("it never may again") {
    for (int count = 0; count < 3; ++count) {  // the channels are still heard; with the entry, two may be enough
      static_cast<void>(redis.ask({"PUBLISH", "socket.io#/#", "\x81"}));
    }
    const Ended ended = tap.wait();
    CHECK(ended.status == 3);
    CHECK(ended.summary()["interruptions"] == 1);
    CHECK(ended.summary()["missed"].is_null());
  }
}

TEST_CASE("one node of a Redis Cluster is refused with the URL that would do; a classic tap hears all nodes") {
  const RedisServer redis({"--cluster-enabled", "yes"});
  for (const char* const command : {"servers", "rooms", "sockets", "count", "doctor", "tap"}) {
    CAPTURE(command);
    const Ended ended = fleet({command, "-r", redis.url()});
    CHECK(ended.status == 2);
    CHECK(ended.says("use --redis redis+cluster://127.0.0.1:" + std::to_string(redis.port()) + "."));
  }
  CHECK(fleet({"tap", "-r", redis.url(), "--transport", "classic", "--for", "1ms"}).status == 0);
}

TEST_CASE("doctor: where Redis lists neither servers nor connections, it does not say that nothing is wrong") {
  const RedisServer redis({"--requirepass", "secret"});
  for (const char* const output : {"json", "text"}) {
    const Ended ended = fleet({"doctor", "-r", redis.url(), "-o", output});
    CHECK(ended.status == 2);
    CHECK(ended.says("NOAUTH"));
    CHECK(ended.says("--password-file"));
    CHECK_FALSE(ended.says("Nothing is wrong"));
  }
  const RedisServer open;
  REQUIRE(open.ask({"ACL", "SETUSER", "app", "on", ">pw", "-@all"}).starts_with("+OK"));
  const Ended refused = fleet({"doctor", "-r", "redis://app:pw@127.0.0.1:" + std::to_string(open.port())});
  CHECK(refused.status == 2);
  CHECK(refused.says("Grant it with: ACL SETUSER app"));
}

TEST_CASE("tap: without --transport it listens as the fleet does; classic, which is said, when nobody listens") {
  const RedisServer redis;
  const Ended nobody = fleet({"tap", "-r", redis.url(), "--for", "1ms"});
  CHECK(nobody.status == 0);
  CHECK(nobody.says("No server listens with the key \"socket.io\" on this Redis. The classic transport is used; name another"));
  CHECK(nobody.says("Listening: classic"));
  {
    const Subscriber sharded(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#"});
    const Ended ended = fleet({"tap", "-r", redis.url(), "--for", "1ms"});
    CHECK(ended.says("Listening: sharded"));
    CHECK(fleet({"tap", "-r", redis.url(), "--last", "1"})
              .says("--last needs --transport streams: the sharded transport keeps no history"));
    const Subscriber classic(redis.port());
    const Ended several = fleet({"tap", "-r", redis.url(), "--for", "1ms"});
    CHECK(several.status == 1);
    CHECK(several.says("More than one transport is in use"));
  }
}

TEST_CASE("tap: an output that takes nothing ends with status 3, and its messages are not counted as shown") {
  const RedisServer redis;
  Surroundings closed;
  closed.tool = "SOCKETIO_FLEET";
  closed.close_output = true;
  Tool tap({"tap", "-r", redis.url(), "--transport", "classic", "--limit", "1", "-o", "json"}, closed);
  REQUIRE(listens(tap));
  CHECK(emit({"-r", redis.url(), "--transport", "classic", "chat"}).status == 0);
  const Ended ended = tap.wait();
  CHECK(ended.status == 3);
  CHECK(ended.says("Standard output takes no more"));
  CHECK(ended.says("shown 0, not shown because the output takes no more 1"));
}

TEST_CASE("output: where it is lost, the status is 3") {
  const RedisServer redis;
  Surroundings closed;
  closed.close_output = true;
  for (const Words& words : {Words{"--dry-run", "chat"}, Words{"--help"}, Words{"--version"}}) {
    CAPTURE(words.front());
    const Ended ended = emit(words, "", closed);
    CHECK(ended.status == 3);
    CHECK(ended.says("Standard output takes no more"));
  }
  CHECK(emit({"--dry-run", "--input", "-"}, "{\"event\":\"a\"}\n", closed).status == 3);
  CHECK(emit({"-r", redis.url(), "--ack", "chat"}, "", closed).status == 3);
  CHECK(fleet({"doctor", "-r", redis.url(), "-o", "json"}, closed).status == 3);
  CHECK(fleet({"--help"}, closed).status == 3);
}

}  // namespace tap_test
