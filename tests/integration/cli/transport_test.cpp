// --transport, as a shell sees it.

#include <doctest/doctest.h>
#include <signal.h>

#include <string>

#include "subscriber.hpp"
#include "support/redis_server.hpp"
#include "tool.hpp"

namespace transport_test {

using namespace support;
using nlohmann::json;

namespace {

/// A sharded tap is subscribed where taps are counted. (ask() tells only the first line of a list, so a publish counts.)
bool tap_is_subscribed(const RedisServer& redis) {
  return redis.ask({"SPUBLISH", "socket.io#tap#/#", "x"}) == ":1" && redis.ask({"SPUBLISH", "socket.io#/#", "{}"}) == ":2";
}

}  // namespace

TEST_CASE("transport: a dry run shows what each transport would get") {
  const Ended sharded = emit({"--transport", "sharded", "--dry-run", "-t", "kitchen", "chat", "1"});
  CHECK(sharded.summary()["channel"] == "socket.io#/#kitchen#");
  CHECK(sharded.summary()["command"] == "SPUBLISH");
  CHECK(sharded.summary()["message"]["uid"] == "emitter");
  const Ended in_static = emit({"--transport", "sharded", "--sharded-mode", "static", "--dry-run", "-t", "kitchen", "chat"});
  CHECK(in_static.summary()["channel"] == "socket.io#/#");
  const Ended stream = emit({"--transport", "streams", "--stream-count", "4", "--stream-maxlen", "7", "--dry-run", "-n", "chat",
                             "a", R"({"$binary":"AQI="})"});
  CHECK(stream.summary()["stream"] == "socket.io-3");
  CHECK(stream.summary()["command"] == "XADD");
  CHECK(stream.summary()["arguments"] ==
        json::parse(R"(["MAXLEN","~","7","*","uid","emitter","nsp","/chat","type","3","data"])"));
  CHECK(stream.summary()["message"]["packet"]["data"] == json::parse(R"(["a",{"$binary":"AQI="}])"));
  const Ended both = emit({"--transport", "classic,streams", "--dry-run", "-o", "text", "a"});
  CHECK(both.out.starts_with("channel  socket.io#/#\ncommand  PUBLISH\nmessage  [\"emitter\","));
  CHECK(both.out.find("\n\nstream   socket.io\ncommand  XADD MAXLEN ~ 10000 * uid emitter nsp / type 3 data\nmessage  {") !=
        std::string::npos);
}

TEST_CASE("transport: a stream takes an emit, and the summary makes up no receivers") {
  const RedisServer redis;
  const Ended ended = emit({"-r", redis.url(), "--transport", "streams", "chat", "1"});
  CHECK(ended.status == 0);
  CHECK(ended.summary()["sent"] == 1);
  CHECK(ended.summary()["receivers_min"].is_null());
  CHECK(ended.summary()["receivers_unknown"] == 1);
  CHECK(redis.ask({"XLEN", "socket.io"}) == ":1");
  const Ended text = emit({"-r", redis.url(), "--transport", "streams,sharded", "-o", "text", "chat", "1"});
  CHECK(text.says("sent 1, into a stream, which does not tell who reads it"));
}

TEST_CASE("transport: auto finds the transport in use, and refuses to guess when there is none or several") {
  const RedisServer redis;
  const Ended none = emit({"-r", redis.url(), "--transport", "auto", "chat"});
  CHECK(none.status == 1);
  CHECK(none.says("No server listens in namespace / with the key \"socket.io\" on this Redis, by any transport"));
  {
    const Subscriber classic(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io-request#/#"});
    CHECK(emit({"-r", redis.url(), "--transport", "auto", "chat"}).status == 0);
    const Subscriber sharded(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#"});
    const Ended both = emit({"-r", redis.url(), "--transport", "auto", "chat"});
    CHECK(both.status == 1);
    CHECK(both.says("More than one transport is in use"));
  }
  const Subscriber streams(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  const Ended stream = emit({"-r", redis.url(), "-v", "--transport", "auto", "chat"});
  CHECK(stream.status == 0);
  CHECK(stream.says("The fleet uses the transport streams."));
  const Ended uncountable = emit({"-r", redis.url(), "--transport", "auto", "--require-receivers", "1", "chat"});
  CHECK(uncountable.status == 1);
  CHECK(uncountable.says("a stream does not tell who reads it"));
  const Ended nowhere = emit({"-r", "unix:///nowhere/redis.sock", "--transport", "auto", "chat"});
  CHECK(nowhere.status == 2);
}

TEST_CASE("transport: without --transport the one by which servers listen is used; classic when nobody does") {
  const RedisServer redis;
  const Ended none = emit({"-r", redis.url(), "chat"});
  CHECK(none.status == 0);
  CHECK(none.says("No server listens in namespace / with the key \"socket.io\", by any transport; sent as classic."));
  {
    const Subscriber sharded(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#"});
    const Ended ended = emit({"-r", redis.url(), "chat", "1"});
    CHECK(ended.status == 0);
    CHECK(ended.summary()["receivers_min"] == 1);
    REQUIRE(sharded.has(1));
    const Subscriber classic(redis.port());
    const Ended both = emit({"-r", redis.url(), "chat"});
    CHECK(both.status == 1);
    CHECK(both.says("classic (1 server) and sharded (1 server)"));
    CHECK(classic.count() == 0);
  }
  const Subscriber streams(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  CHECK(emit({"-r", redis.url(), "chat", "1"}).summary()["receivers_unknown"] == 1);
  CHECK(redis.ask({"XLEN", "socket.io"}) == ":1");
  CHECK(streams.count() == 0);
}

TEST_CASE("transport: one that is named and by which nobody listens is refused with the one that would do, unless forced") {
  const RedisServer redis;
  const Subscriber streams(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  for (const char* wrong : {"classic", "sharded", "classic,sharded"}) {
    CAPTURE(wrong);
    const Ended ended = emit({"-r", redis.url(), "--transport", wrong, "chat"});
    CHECK(ended.status == 2);
    CHECK(ended.says("The servers listen by streams (1 server)"));
    CHECK(ended.says("Use --transport streams, or add --force-transport"));
  }
  CHECK(streams.count() == 0);
  const Ended forced = emit({"-r", redis.url(), "--transport", "classic", "--force-transport", "chat"});
  CHECK(forced.status == 0);
  CHECK(streams.has(1));
  CHECK(emit({"-r", redis.url(), "--transport", "classic,streams", "chat"}).status == 0);
  const Ended ack = emit({"-r", redis.url(), "--transport", "sharded", "--ack", "chat"});
  CHECK(ack.status == 2);
  CHECK(ack.says("Use --transport streams"));
  const Ended by_variable = emit({"-r", redis.url(), "chat"}, "", {{"SOCKETIO_TRANSPORT=sharded"}});
  CHECK(by_variable.status == 2);
}

TEST_CASE("transport: several streams are found by those that exist, and nothing is written where nobody reads") {
  const RedisServer redis;
  const Subscriber streams(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  REQUIRE(redis.ask({"XADD", "socket.io-3", "*", "nsp", "/", "type", "3", "data", "{}"}).find("-0") != std::string::npos);
  CHECK(emit({"-r", redis.url(), "--transport", "auto", "chat"}).status == 0);
  CHECK(emit({"-r", redis.url(), "--transport", "streams", "chat"}).status == 0);
  CHECK(redis.ask({"XLEN", "socket.io-3"}) == ":3");
  CHECK(redis.ask({"EXISTS", "socket.io"}) == ":0");
  // "/x" would have another stream with 4, 11 or 22 of them.
  const Subscriber other(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/x#"});
  const Ended unclear = emit({"-r", redis.url(), "-n", "/x", "chat"});
  CHECK(unclear.status == 1);
  CHECK(unclear.says("--stream-count"));
  CHECK(emit({"-r", redis.url(), "-n", "/x", "--stream-count", "4", "chat"}).status == 0);
}

TEST_CASE("transport: without the right to look, it is classic, and that is said") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  REQUIRE(redis.ask({"ACL", "SETUSER", "default", "-pubsub"}) == "+OK");
  const Ended ended = emit({"-r", redis.url(), "chat"});
  CHECK(ended.status == 0);
  CHECK(ended.says("Sent as classic, for Redis does not tell who listens"));
  CHECK(server.has(1));
}

TEST_CASE("transport: taps and other subscribers are not counted as servers") {
  const RedisServer redis;
  Surroundings fleet_tool;
  fleet_tool.tool = "SOCKETIO_FLEET";
  SUBCASE("classic") {
    const Subscriber one(redis.port());
    const Subscriber two(redis.port());
    const Subscriber tap(redis.port(), Subscriber::Channel{"PSUBSCRIBE", "socket.io*"});
    const Ended ended = emit({"-r", redis.url(), "--require-receivers", "3", "chat"});
    CHECK(ended.status == 4);
    CHECK(ended.summary()["receivers_min"] == 2);
    const Ended batch = emit({"-r", redis.url(), "--input", "-"}, "{\"event\":\"a\"}\n{\"event\":\"a\",\"nsp\":\"/x\"}\n");
    CHECK(batch.summary()["receivers_min"] == 0);  // nobody listens in /x but taps
    CHECK(batch.summary()["no_receivers"] == 1);
  }
  SUBCASE("sharded") {
    const Subscriber server(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#"});
    Tool tap({"tap", "-r", redis.url(), "--transport", "sharded", "-o", "json"}, fleet_tool);
    REQUIRE(eventually([&] { return tap_is_subscribed(redis); }));
    CHECK(emit({"-r", redis.url(), "chat"}).summary()["receivers_min"] == 1);
    CHECK(emit({"-r", redis.url(), "--require-receivers", "2", "chat"}).status == 4);
  }
}

TEST_CASE("transport: a room that is empty on a healthy sharded fleet is no fleet that is away") {
  const RedisServer redis;
  const Subscriber server(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#"});
  const Ended ended = emit({"-r", redis.url(), "-o", "text", "-t", "kitchen", "chat"});
  CHECK(ended.says("reached no server (servers listen, but none has a client in that room)"));
  CHECK_FALSE(ended.says("none listens"));
}

TEST_CASE("transport: what would end classic servers with the same key is not said to a streams fleet") {
  const RedisServer redis;
  const std::vector<std::string> server_side{"-r", redis.url(), "--transport", "streams", "--server-side", "refresh"};
  CHECK(emit(server_side).status == 0);
  const Subscriber classic(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io-request#/#"});
  const Subscriber hears(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  const Ended refused = emit(server_side);
  CHECK(refused.status == 1);
  CHECK(refused.says("would end classic servers that have the same key"));
  std::vector<std::string> asking = server_side;
  asking.emplace_back("--ack");
  const Ended question = emit(asking);
  CHECK(question.status == 2);
  CHECK(question.says("Classic servers listen with the same key, and this question would end them."));
  const Ended batch = emit({"-r", redis.url(), "--transport", "streams", "--input", "-", "--on-error", "skip"},
                           "{\"op\":\"server-side\",\"event\":\"refresh\"}\n{\"event\":\"chat\"}\n");
  CHECK(batch.status == 3);
  CHECK(batch.summary()["sent"] == 1);
  CHECK(batch.summary()["failed"] == 1);
  CHECK(hears.count() == 0);

  const Ended elsewhere = emit({"-r", redis.url(), "--transport", "streams", "-n", "chat", "--server-side", "refresh"});
  CHECK(elsewhere.status == 0);
  const Ended other_key = emit({"-r", redis.url(), "--transport", "streams", "--key", "new", "--server-side", "refresh"});
  CHECK(other_key.status == 0);
}

TEST_CASE("ack: without servers nobody is asked, and that is said") {
  const RedisServer redis;
  const Ended none = emit({"-r", redis.url(), "--ack", "chat", "1"});
  CHECK(none.status == 0);
  CHECK(none.out == "{\"clients\":0,\"answers\":0,\"missing\":0,\"servers\":0,\"servers_missing\":0}\n");
  const Ended text = emit({"-r", redis.url(), "--server-side", "--ack", "-o", "text", "refresh"});
  CHECK(text.status == 0);
  CHECK(text.says("no server listens with the key \"socket.io\" on this Redis, namespace /"));
}

TEST_CASE("ack: servers that do not answer in time are missing, by their names where channels tell them, and the status is 5") {
  const RedisServer redis;
  const Subscriber main(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#"});
  const Subscriber own(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#8899aabbccddeeff#"});
  const Ended clients = emit({"-r", redis.url(), "--transport", "sharded", "--ack", "--timeout", "300ms", "chat", "1"});
  CHECK(clients.status == 5);
  CHECK(clients.summary()["servers_missing"] == 1);
  CHECK(clients.summary()["missing_servers"] == json::parse(R"(["8899aabbccddeeff"])"));
  const Ended text = emit(
      {"-r", redis.url(), "--transport", "sharded", "--server-side", "--ack", "--timeout", "300ms", "-o", "text", "refresh"});
  CHECK(text.status == 5);
  CHECK(text.says("1 server asked, 0 answered, 1 of 1 server did not answer (8899aabbccddeeff)"));
}

TEST_CASE("ack: where nobody can give the first answer, or so many, the status is 5") {
  const RedisServer redis;
  const Ended first = emit({"-r", redis.url(), "--ack", "--first", "--timeout", "1h", "chat"});
  CHECK(first.status == 5);
  CHECK(first.summary()["servers"] == 0);
  CHECK(emit({"-r", redis.url(), "--ack", "--server-side", "--quorum", "--timeout", "1h", "chat"}).status == 5);
  CHECK(emit({"-r", redis.url(), "--ack", "--expected", "1", "--timeout", "300ms", "chat"}).status == 5);
}

TEST_CASE("ack: no Redis, or one that does not allow it, is status 2 with what to do") {
  const Ended nowhere = emit({"-r", "unix:///nowhere/redis.sock", "--ack", "chat"});
  CHECK(nowhere.status == 2);
  CHECK(nowhere.says("Start Redis there"));
  const RedisServer redis;
  REQUIRE(redis.ask({"ACL", "SETUSER", "default", "resetchannels"}) == "+OK");
  const Ended refused = emit({"-r", redis.url(), "--ack", "chat"});
  CHECK(refused.status == 2);
  CHECK(refused.says("+pubsub +publish +subscribe '&socket.io-request#*' '&socket.io-response#*'"));
}

TEST_CASE("ack: a signal ends the waiting, and the summary comes all the same") {
  const RedisServer redis;
  const Subscriber main(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io-request#/#"});
  Tool tool({"-r", redis.url(), "--ack", "--timeout", "60s", "chat", "1"});
  REQUIRE(main.has(1));
  tool.signal(SIGINT);
  const Ended ended = tool.wait();
  CHECK(ended.status == 130);
  CHECK(ended.summary()["servers_missing"] == 1);
}

}  // namespace transport_test
