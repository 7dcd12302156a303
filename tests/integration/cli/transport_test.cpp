// The option --transport, through the command line.

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "subscriber.hpp"
#include "support/redis_server.hpp"
#include "support/uninterrupted.hpp"
#include "tool.hpp"

namespace transport_test {

using namespace support;
using nlohmann::json;

namespace {

/// True if a sharded tap is subscribed where taps are counted. (ask() returns only the first line of a list, so a publish
/// counts.)
bool tap_is_subscribed(const RedisServer& redis) {
  return redis.ask({"SPUBLISH", "socket.io#tap#/#", "x"}) == ":1" && redis.ask({"SPUBLISH", "socket.io#/#", "{}"}) == ":2";
}

/// A connection that waits in XREAD, as a streams server does.
class Reader {
 public:
  Reader(const RedisServer& redis, const std::string& stream, int database = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const std::string before = blocked(redis);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(redis.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(support::uninterrupted(
                [&] { return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address); }) == 0);
    const std::string words = "SELECT " + std::to_string(database) + "\r\nXREAD BLOCK 0 STREAMS " + stream + " $\r\n";
    REQUIRE(::send(fd_, words.data(), words.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(words.size()));
    REQUIRE(eventually([&] { return blocked(redis) != before; }));
  }
  ~Reader() { ::close(fd_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

 private:
  static std::string blocked(const RedisServer& redis) {
    return redis.ask({"EVAL", "return tonumber(redis.call('INFO','clients'):match('blocked_clients:(%d+)'))", "0"});
  }
  const int fd_;
};

/// Subscriptions of a server: the main channel, and its own response channel.
struct Server {
  Server(const RedisServer& redis, const std::string& command, const std::string& uid)
      : main(redis.port(), Subscriber::Channel{command, "socket.io#/#"}),
        own(redis.port(), Subscriber::Channel{command, "socket.io#/#" + uid + "#"}) {}
  const Subscriber main;
  const Subscriber own;
};
constexpr const char* uid_a = "00112233445566aa";
constexpr const char* uid_b = "00112233445566bb";

/// Writes an entry as a streams server with that uid does.
std::string write_entry(const RedisServer& redis, const std::string& stream, const std::string& uid) {
  return redis.ask({"XADD", stream, "*", "uid", uid, "nsp", "/", "type", "3", "data", "{}"});
}

}  // namespace

TEST_CASE(
    "transport: before there is a stream, readers that are not as many as the servers tell nothing, and nothing is written") {
  const RedisServer redis;
  const Server server(redis, "SUBSCRIBE", uid_a);
  const Reader own(redis, "socket.io");
  {
    const Reader of_jobs(redis, "jobs");
    const Ended unclear = emit({"-r", redis.url(), "chat"});
    CHECK(unclear.status == 1);
    CHECK(unclear.says("2 connections read streams for 1 server"));
    CHECK(unclear.says("--stream-count"));
    CHECK(redis.ask({"DBSIZE"}) == ":0");
  }
  REQUIRE(eventually([&] { return emit({"-r", redis.url(), "chat"}).status == 0; }));
  CHECK(redis.ask({"XLEN", "socket.io"}) == ":1");
}

TEST_CASE("transport: who may not look at streams is asked for their number, and nothing is written until it is named") {
  const RedisServer redis;
  const Server server(redis, "SUBSCRIBE", uid_a);
  REQUIRE(redis.ask({"ACL", "SETUSER", "default", "-exists", "-client"}) == "+OK");
  const Ended unclear = emit({"-r", redis.url(), "chat"});
  CHECK(unclear.status == 1);
  CHECK(unclear.says("Redis does not tell which streams there are, and who reads them (NOPERM"));
  CHECK(unclear.says("--stream-count"));
  CHECK(redis.ask({"DBSIZE"}) == ":0");
  CHECK(emit({"-r", redis.url(), "--stream-count", "1", "chat"}).status == 0);
  CHECK(redis.ask({"XLEN", "socket.io"}) == ":1");
}

TEST_CASE("transport: a streams fleet with sharded pub/sub is not taken for a sharded one") {
  const RedisServer redis;
  const Server server(redis, "SSUBSCRIBE", uid_a);
  const Reader reader(redis, "socket.io");
  const Ended either = emit({"-r", redis.url(), "chat"});
  CHECK(either.status == 1);
  CHECK(either.says("sharded (1 server) and streams (1 server, if they use sharded pub/sub"));
  CHECK(emit({"-r", redis.url(), "--transport", "streams", "chat"}).status == 0);
  CHECK(redis.ask({"XLEN", "socket.io"}) == ":1");
  CHECK(server.main.count() == 0);

  REQUIRE(redis.ask({"DEL", "socket.io"}) == ":1");
  write_entry(redis, "socket.io-3", uid_a);
  CHECK(emit({"-r", redis.url(), "chat"}).status == 0);
  CHECK(redis.ask({"XLEN", "socket.io-3"}) == ":2");
  const Ended wrong = emit({"-r", redis.url(), "--transport", "sharded", "chat"});
  CHECK(wrong.status == 2);
  CHECK(wrong.says("Use --transport streams"));
  CHECK(server.main.count() == 0);
  const Ended event = emit({"-r", redis.url(), "--server-side", "refresh"});
  CHECK(event.summary()["receivers_min"] == 1);
  CHECK(server.main.has(1));
}

TEST_CASE("transport: a sharded fleet beside a stream that nobody reads is sharded") {
  const RedisServer redis;
  const Server server(redis, "SSUBSCRIBE", uid_a);
  REQUIRE(redis.ask({"XADD", "socket.io", "*", "nsp", "/"}).find('-') != std::string::npos);
  CHECK(emit({"-r", redis.url(), "chat"}).status == 0);
  CHECK(server.main.has(1));
}

TEST_CASE("transport: streams that are read in another database are named, and nothing is written") {
  const RedisServer redis;
  const Server server(redis, "SUBSCRIBE", uid_a);
  const Reader reader(redis, "socket.io", 3);
  const Ended ended = emit({"-r", redis.url() + "/1", "chat"});
  CHECK(ended.status == 2);
  CHECK(ended.says("Nobody reads streams in database 1 of this Redis, but somebody does in database 3."));
  CHECK(redis.ask({"EVAL", "redis.call('SELECT', 1) return redis.call('DBSIZE')", "0"}) == ":0");
}

TEST_CASE("transport: a stream of another name, to which the servers write, is named") {
  const RedisServer redis;
  const Server server(redis, "SUBSCRIBE", uid_a);
  const Reader reader(redis, "app");
  const Ended unknown = emit({"-r", redis.url(), "chat"});
  CHECK(unknown.status == 0);
  CHECK(unknown.says("There is no stream \"socket.io\" yet, so it is not known whether the servers read it."));
  REQUIRE(redis.ask({"DEL", "socket.io"}) == ":1");
  write_entry(redis, "app-3", uid_a);
  const Ended other = emit({"-r", redis.url(), "chat"});
  CHECK(other.status == 2);
  CHECK(other.says("There is no stream \"socket.io\": the servers write to \"app-3\"."));
  CHECK(other.says("Use --stream-name 'app'"));
  CHECK(emit({"-r", redis.url(), "--stream-name", "app", "chat"}).status == 0);
  CHECK(redis.ask({"XLEN", "app-3"}) == ":2");
  CHECK(redis.ask({"DBSIZE"}) == ":1");
}

TEST_CASE("transport: a number of streams that does not match is refused with the one that does, unless forced") {
  const RedisServer redis;
  const Server server(redis, "SUBSCRIBE", uid_a);
  write_entry(redis, "socket.io-3", uid_a);
  for (const char* wrong : {"1", "2"}) {
    const Ended ended = emit({"-r", redis.url(), "--stream-count", wrong, "chat"});
    CHECK(ended.status == 2);
    CHECK(ended.says("Use --stream-count 4"));
  }
  CHECK(redis.ask({"DBSIZE"}) == ":1");
  CHECK(emit({"-r", redis.url(), "--stream-count", "4", "chat"}).status == 0);
  CHECK(redis.ask({"XLEN", "socket.io-3"}) == ":2");
  CHECK(emit({"-r", redis.url(), "--transport", "streams", "--force-transport", "--stream-count", "2", "chat"}).status == 0);
  CHECK(redis.ask({"XLEN", "socket.io-1"}) == ":1");
}

TEST_CASE("transport: a question that Redis refuses is no answer that nobody listens") {
  SUBCASE("for sharded pub/sub only") {
    const RedisServer redis;
    const Server server(redis, "SSUBSCRIBE", uid_a);
    REQUIRE(redis.ask({"ACL", "SETUSER", "default", "-pubsub", "+pubsub|numsub"}) == "+OK");
    const Ended ended = emit({"-r", redis.url(), "chat"});
    CHECK(ended.says("Sent as classic, for Redis does not tell who listens"));
    CHECK(ended.says("NOPERM"));
    CHECK(emit({"-r", redis.url(), "--transport", "auto", "chat"}).status == 2);
  }
  SUBCASE("for lack of the command") {
    const RedisServer redis({"--rename-command", "PUBSUB", ""});
    const Ended ended = emit({"-r", redis.url(), "chat"});
    CHECK(ended.status == 0);
    CHECK(ended.says("Sent as classic, for Redis does not tell who listens"));
  }
  SUBCASE("and receivers cannot be required then") {
    const RedisServer redis;
    const Subscriber server(redis.port());
    REQUIRE(redis.ask({"ACL", "SETUSER", "default", "-pubsub"}) == "+OK");
    for (const auto& more : {std::vector<std::string>{}, {"--transport", "classic"}}) {
      std::vector<std::string> words{"-r", redis.url(), "--require-receivers", "1", "chat"};
      words.insert(words.begin(), more.begin(), more.end());
      const Ended ended = emit(words);
      CHECK(ended.status == 2);
      CHECK(ended.says("--require-receivers needs to know how many servers there are"));
    }
    CHECK(server.count() == 0);
  }
}

TEST_CASE("transport: one node of a Redis Cluster is refused with the URL that would do; classic servers it reaches") {
  const RedisServer redis({"--cluster-enabled", "yes"});
  const Ended ended = emit({"-r", redis.url(), "chat"});
  CHECK(ended.status == 2);
  CHECK(ended.says("use --redis redis+cluster://127.0.0.1:" + std::to_string(redis.port())));
  const Ended classic = emit({"-r", redis.url(), "--transport", "classic", "--nsp", "/other", "-o", "text", "chat"});
  CHECK(classic.status == 0);
  CHECK(classic.says("handed to all nodes of the Redis Cluster"));
}

TEST_CASE("transport: a room without a client may be one of a static fleet, when no room has a channel") {
  const RedisServer redis;
  const Server server(redis, "SSUBSCRIBE", uid_a);
  const Ended none = emit({"-r", redis.url(), "-o", "text", "-t", "kitchen", "chat"});
  CHECK(none.says("none has a client in that room; or their subscriptionMode is static"));
  CHECK(none.says("--sharded-mode static"));
  const Subscriber room(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#bar#"});
  const Ended ended = emit({"-r", redis.url(), "-o", "text", "-t", "kitchen", "chat"});
  CHECK(ended.says("reached no server (servers listen, but none has a client in that room)"));
}

TEST_CASE("transport: subscribers without a channel for answers are not counted as servers") {
  const RedisServer redis;
  SUBCASE("sharded") {
    const Server one(redis, "SSUBSCRIBE", uid_a);
    const Server two(redis, "SSUBSCRIBE", uid_b);
    const Subscriber stranger(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/#"});
    const Ended ended = emit({"-r", redis.url(), "--require-receivers", "3", "chat"});
    CHECK(ended.status == 4);
    CHECK(ended.summary()["receivers_min"] == 2);
    const Ended batch = emit({"-r", redis.url(), "--input", "-"}, "{\"event\":\"a\"}\n{\"event\":\"b\"}\n");
    CHECK(batch.summary()["receivers_min"] == 2);
  }
  SUBCASE("classic, beside one who is subscribed as a classic and as a streams server") {
    const Subscriber one(redis.port());
    const Subscriber answers(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io-response#/#"});
    const Subscriber stranger(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io-request#/#"});
    const Subscriber other(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
    const Ended ended = emit({"-r", redis.url(), "chat"});
    CHECK(ended.status == 0);
    CHECK(ended.summary()["receivers_min"] == 1);
  }
}

TEST_CASE("transport: a tap that is counted as a server is not asked, and not waited for") {
  const RedisServer redis;
  Surroundings fleet_tool;
  fleet_tool.tool = "SOCKETIO_FLEET";
  Tool tap({"tap", "-r", redis.url(), "--transport", "sharded", "-n", "/", "-o", "json"}, fleet_tool);
  REQUIRE(eventually([&] {
    return redis.ask({"SPUBLISH", "socket.io#tap#/#", "x"}) == ":1" && redis.ask({"SPUBLISH", "socket.io#/#", "{}"}) == ":1";
  }));
  const Ended ended = emit({"-r", redis.url(), "--transport", "sharded", "--server-side", "--ack", "ask"});
  CHECK(ended.status == 0);
  CHECK(ended.summary()["servers"] == 0);
  CHECK(ended.summary()["answers"] == 0);
}

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

TEST_CASE(
    "transport: a line into a namespace whose servers listen by another transport is refused with the one that would do") {
  const RedisServer redis;
  const Subscriber classic(redis.port());
  const Subscriber sharded(redis.port(), Subscriber::Channel{"SSUBSCRIBE", "socket.io#/x#"});
  const std::string lines = "{\"event\":\"chat\",\"nsp\":\"/x\"}\n{\"event\":\"chat\"}\n{\"event\":\"chat\",\"nsp\":\"/y\"}\n";
  for (const Words& choice : {Words{"--transport", "classic"}, Words{}}) {
    Words words{"-r", redis.url(), "--input", "-", "--on-error", "skip"};
    words.insert(words.end(), choice.begin(), choice.end());
    const Ended ended = emit(words, lines);
    CHECK(ended.status == 3);
    CHECK(ended.says(
        "line 1: The servers listen by sharded (1 server) in namespace /x with the key \"socket.io\", not by classic"));
    CHECK(ended.says("Use --transport sharded"));
    CHECK(ended.summary()["sent"] == 2);
    CHECK(ended.summary()["failed"] == 1);
  }
  CHECK(classic.has(4));
  CHECK(emit({"-r", redis.url(), "--transport", "classic", "--force-transport", "--input", "-"}, lines).summary()["sent"] == 3);
  {
    const Subscriber also(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io-request#/x#"});
    CHECK(emit({"-r", redis.url(), "--transport", "classic", "--input", "-"}, lines).status == 0);
  }
}

TEST_CASE(
    "transport: a server-side event is not sent to servers that do not know them, alone, in a batch, or with receivers "
    "required") {
  const RedisServer redis;
  const Subscriber server(redis.port());
  const std::string lines = "{\"op\":\"server-side\",\"event\":\"refresh\"}\n{\"event\":\"chat\"}\n";
  const Words words{"-r", redis.url(), "--transport", "classic", "--input", "-", "--on-error", "skip"};
  CHECK(emit(words, lines).summary()["sent"] == 2);
  REQUIRE(server.has(2));
  // Servers of socket.io-redis 6 listen for responses on the channel that all share, but on none of their own.
  const Subscriber older(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io-response#/#"});
  for (const Words& more : {Words{}, Words{"--require-receivers", "1"}}) {
    Words single{"-r", redis.url(), "--server-side", "refresh"};
    single.insert(single.end() - 1, more.begin(), more.end());
    const Ended refused = emit(single);
    CHECK(refused.status == 2);
    CHECK(refused.says("1 server in namespace / is of an older generation (socket.io-redis 6 or redis-adapter 7.0)"));
  }
  const Ended batch = emit(words, lines);
  CHECK(batch.status == 3);
  CHECK(batch.says("line 1: It was not sent: 1 server in namespace / is of an older generation"));
  CHECK(batch.summary()["sent"] == 1);
  CHECK(batch.summary()["failed"] == 1);
  REQUIRE(server.has(3));
  CHECK(server.count() == 3);
  CHECK(emit({"-r", redis.url(), "--transport", "classic", "--force-transport", "--server-side", "refresh"}).status == 0);
  const Subscriber own(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io-response#/#0a1b2c#"});
  CHECK(emit({"-r", redis.url(), "--server-side", "refresh"}).status == 0);
}

TEST_CASE("transport: several streams are found by those that exist, and nothing is written where nobody reads") {
  const RedisServer redis;
  const Subscriber streams(redis.port(), Subscriber::Channel{"SUBSCRIBE", "socket.io#/#"});
  REQUIRE(redis.ask({"XADD", "socket.io-3", "*", "nsp", "/", "type", "3", "data", "{}"}).find("-0") != std::string::npos);
  CHECK(emit({"-r", redis.url(), "--transport", "auto", "chat"}).status == 0);
  CHECK(emit({"-r", redis.url(), "--transport", "streams", "chat"}).status == 0);
  CHECK(redis.ask({"XLEN", "socket.io-3"}) == ":3");
  CHECK(redis.ask({"EXISTS", "socket.io"}) == ":0");
  // The stream of "/x" depends on whether there are 4, 11 or 22 streams.
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
    CHECK(batch.summary()["receivers_min"] == 0);  // in /x there are only taps
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
  CHECK(ended.says("reached no server (servers listen, but none has a client in that room"));
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
