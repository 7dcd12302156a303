// --transport, as a shell sees it.

#include <doctest/doctest.h>
#include <signal.h>

#include <string>

#include "subscriber.hpp"
#include "support/redis_server.hpp"
#include "tool.hpp"

using namespace support;
using nlohmann::json;

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
