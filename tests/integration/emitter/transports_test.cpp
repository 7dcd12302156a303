// Emits to sharded and streams fleets and to several fleets at once, and the search for the transport. With a real Redis.

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/emitter.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

namespace transports_test {

using namespace recorders;
using namespace std::chrono_literals;
using redis::Outcome;
using redis::SubscriptionKind;

namespace {

/// A subscriber to some channels in place of servers.
class Servers {
 public:
  Servers(const support::RedisServer& server, SubscriptionKind kind, const std::vector<std::string>& channels)
      : client_(loop_, redis::parse_url(server.url())) {
    for (const std::string& channel : channels) {
      client_.subscribe(kind, channel, received_);
    }
    client_.connect();
    REQUIRE(wait_ready(loop_, client_));
  }
  const std::vector<Messages::One>& wait_for(std::size_t count) {
    wait(loop_, [this, count] { return received_.messages.size() >= count; });
    REQUIRE(received_.messages.size() == count);
    return received_.messages;
  }

 private:
  Loop loop_;
  Messages received_;
  redis::Client client_;
};

EmitterOptions on(Transport transport) {
  EmitterOptions options;
  options.transport = transport;
  return options;
}

int entries(const support::RedisServer& server, const std::string& stream) {
  return std::stoi(server.ask({"XLEN", stream}).substr(1));
}

FoundTransport found(const support::RedisServer& server, Fleet fleet = {}, std::string_view nsp = "/") {
  return find_transport(redis::parse_url(server.url()), fleet, nsp, 20s);
}

FoundNamespaces namespaces(const support::RedisServer& server, std::vector<std::string> wanted = {}) {
  Loop loop;
  redis::Client client(loop, redis::parse_url(server.url()));
  client.connect();
  std::optional<FoundNamespaces> result;
  find_namespaces(client, {}, std::move(wanted), [&result](const FoundNamespaces& found) { result = found; });
  REQUIRE(wait(loop, [&result] { return result.has_value(); }));
  return *result;
}

}  // namespace

TEST_CASE("transports: a sharded fleet hears events on the channels of its rooms, and Redis counts who heard them") {
  support::RedisServer server;
  Servers fleet(server, SubscriptionKind::shard, {"socket.io#/#", "socket.io#/#kitchen#"});
  Emitter io(server.url(), on(Transport::sharded));
  io.to("kitchen").emit("order", 42);
  io.to({"kitchen", "bar"}).sockets_join("busy");
  io.to("elsewhere").emit("nobody");
  const EmitSummary summary = io.flush(20s);
  CHECK(summary.confirmed == 3);
  CHECK(summary.receivers_unknown == 0);
  CHECK(summary.receivers_max == 1);
  CHECK(summary.no_receivers == 1);
  const auto& messages = fleet.wait_for(2);
  CHECK(messages[0].channel == "socket.io#/#kitchen#");
  CHECK(messages[0].payload == R"({"type":3,"data":{"packet":{"type":2,"data":["order",42]},"opts":{"rooms":["kitchen"],)"
                               R"("except":[],"flags":{}}},"uid":"emitter","nsp":"/"})");
  CHECK(messages[1].channel == "socket.io#/#");
}

TEST_CASE("transports: a stream takes events whether or not somebody reads it, and stays short") {
  support::RedisServer server;
  EmitterOptions options = on(Transport::streams);
  options.stream_count = 4;
  options.stream_length_max = 200;
  std::vector<EmitResult> results;
  options.on_result = [&results](const EmitResult& result) { results.push_back(result); };
  Emitter io(server.url(), options);
  io.emit("first");
  io.of("/chat").emit("second");
  EmitSummary summary = io.flush(20s);
  CHECK(summary.confirmed == 2);
  CHECK(summary.receivers_unknown == 2);
  CHECK(summary.no_receivers == 0);
  REQUIRE(results.size() == 2);
  CHECK(results[0].outcome == Outcome::ok);
  CHECK_FALSE(results[0].receivers.has_value());
  CHECK(entries(server, "socket.io-3") == 2);  // the stream of both namespaces
  CHECK(entries(server, "socket.io-0") == 0);
  for (int number = 0; number < 1'000; ++number) {
    io.emit("more", number);
  }
  CHECK(io.flush(20s).confirmed == 1'000);
  CHECK(entries(server, "socket.io-3") < 500);
}

TEST_CASE("transports: server-side events go to a streams fleet's channel, and are counted there") {
  support::RedisServer server;
  Servers fleet(server, SubscriptionKind::channel, {"socket.io#/#"});
  Emitter io(server.url(), on(Transport::streams));
  io.server_side_emit("refresh", "prices");
  const EmitSummary summary = io.flush(20s);
  CHECK(summary.receivers_unknown == 0);
  CHECK(summary.receivers_min == 1);
  CHECK(fleet.wait_for(1)[0].channel == "socket.io#/#");
}

TEST_CASE("transports: a stream that Redis refuses to add to is an emit that was refused") {
  support::RedisServer server;
  REQUIRE(server.ask({"SET", "socket.io", "in the way"}) == "+OK");
  Emitter io(server.url(), on(Transport::streams));
  io.emit("first");
  const EmitSummary summary = io.flush(20s);
  CHECK(summary.refused == 1);
  CHECK(summary.message.starts_with("WRONGTYPE"));
}

TEST_CASE("transports: a fleet that is being moved gets each emit on all its transports, as one emit") {
  support::RedisServer server;
  Servers classic(server, SubscriptionKind::pattern, {"socket.io#/#*"});
  Servers sharded(server, SubscriptionKind::shard, {"socket.io#/#"});
  EmitterOptions options = on(Transport::classic);
  options.also = {Transport::sharded};
  std::vector<EmitResult> results;
  options.on_result = [&results](const EmitResult& result) { results.push_back(result); };
  Emitter io(server.url(), options);
  io.emit("news");
  EmitSummary summary = io.flush(20s);
  CHECK(summary.confirmed == 1);
  CHECK(summary.receivers_min == 2);
  CHECK(classic.wait_for(1)[0].channel == "socket.io#/#");
  CHECK(sharded.wait_for(1)[0].channel == "socket.io#/#");
  REQUIRE(results.size() == 1);
  CHECK(results[0].receivers == 2);
}

TEST_CASE("transports: where one of several does not count, the sum is not known; where one is refused, the emit is") {
  support::RedisServer server;
  EmitterOptions options = on(Transport::classic);
  options.also = {Transport::streams};
  Emitter io(server.url(), options);
  io.emit("news");
  CHECK(io.flush(20s).receivers_unknown == 1);
  REQUIRE(server.ask({"SET", "other", "in the way"}) == "+OK");
  options.stream_name = "other";
  Emitter refused(server.url(), options);
  refused.emit("news");
  const EmitSummary summary = refused.flush(20s);
  CHECK(summary.refused == 1);
  CHECK(summary.confirmed == 0);
}

TEST_CASE("transports: a server-side event that would end classic servers with the same key is refused, and nothing is sent") {
  support::RedisServer server;
  Servers classic(server, SubscriptionKind::pattern, {"socket.io#/#*", "socket.io-request#*"});
  EmitterOptions options = on(Transport::streams);
  options.also = {Transport::classic};
  Emitter io(server.url(), options);
  CHECK_THROWS_WITH_AS(io.server_side_emit("refresh"), doctest::Contains("another channelPrefix"), Error);
  io.sockets_join("room");
  CHECK(io.flush(20s).confirmed == 1);
  CHECK(classic.wait_for(1).size() == 1);
  options.use_sharded_pubsub = true;  // patterns do not receive what SPUBLISH sends
  Emitter sharded(server.url(), options);
  sharded.server_side_emit("refresh");
  CHECK(sharded.flush(20s).confirmed == 1);
  CHECK(classic.wait_for(2)[1].channel == "socket.io-request#/#");
}

TEST_CASE("transports: one that is there twice is refused") {
  EmitterOptions options = on(Transport::sharded);
  options.also = {Transport::classic, Transport::sharded};
  CHECK_THROWS_WITH_AS(Emitter("redis://127.0.0.1", options), "The transport sharded is there twice.", Error);
}

TEST_CASE("transports: the emitter on a loop says the same of them") {
  support::RedisServer server;
  Loop loop;
  EmitterOptions options = on(Transport::streams);
  options.also = {Transport::sharded};
  std::vector<EmitResult> results;
  EmitSummary flushed;
  bool done = false;
  AsyncEmitter io(
      loop, server.url(), [&results](const EmitResult& result) { results.push_back(result); }, options);
  io.emit("news");
  io.emit("more");
  io.flush(20s, [&](const EmitSummary& summary) {
    flushed = summary;
    done = true;
  });
  REQUIRE(wait(loop, [&done] { return done; }));
  CHECK(flushed.confirmed == 2);
  CHECK(flushed.receivers_unknown == 2);
  REQUIRE(results.size() == 2);
  CHECK(results[1].id == 2);
  CHECK(entries(server, "socket.io") == 2);
}

TEST_CASE("find transport: the one that is in use is found, in its namespace and with its key") {
  support::RedisServer server;
  {
    Servers fleet(server, SubscriptionKind::channel, {"socket.io-request#/#"});
    CHECK(found(server).transport == Transport::classic);
    CHECK_FALSE(found(server, {}, "/admin").transport.has_value());
    Fleet other;
    other.key = "other";
    CHECK_FALSE(found(server, other).transport.has_value());
  }
  {
    Servers fleet(server, SubscriptionKind::shard, {"socket.io#/#"});
    CHECK(found(server).transport == Transport::sharded);
    Fleet streams;
    streams.use_sharded_pubsub = true;
    CHECK(found(server, streams).transport == Transport::streams);
  }
  Servers fleet(server, SubscriptionKind::channel, {"socket.io#/#"});
  CHECK(found(server).transport == Transport::streams);
}

TEST_CASE("find transport: it does not guess between two, and says so in a sentence") {
  support::RedisServer server;
  Servers classic(server, SubscriptionKind::channel, {"socket.io-request#/#"});
  Servers sharded(server, SubscriptionKind::shard, {"socket.io#/#"});
  const FoundTransport both = found(server);
  CHECK_FALSE(both.transport.has_value());
  CHECK(
      both.message ==
      "More than one transport is in use in namespace / with the key \"socket.io\": classic (1 server) and sharded (1 server): "
      "name the one that is meant.");
}

TEST_CASE("find transport: a sharded fleet beside a stream may be a streams fleet with sharded pub/sub") {
  support::RedisServer server;
  REQUIRE(server.ask({"XADD", "socket.io", "*", "a", "b"}) != "");
  Servers sharded(server, SubscriptionKind::shard, {"socket.io#/#"});
  CHECK(found(server).transport == Transport::sharded);  // no connection reads the stream
  REQUIRE(server.ask({"ACL", "SETUSER", "default", "-client"}) == "+OK");
  const FoundTransport either = found(server);
  CHECK_FALSE(either.transport.has_value());
  CHECK(either.has_stream);
  CHECK(either.message.find("sharded (1 server) and streams") != std::string::npos);
}

TEST_CASE("find namespaces: those in which servers listen, by transport, and the transport if it is one") {
  using Names = std::vector<std::string>;
  support::RedisServer server;
  CHECK(namespaces(server).message.starts_with("No server listens with the key \"socket.io\" on this Redis"));
  Servers classic(server, SubscriptionKind::channel,
                  {"socket.io-request#/#", "socket.io-request#/b#", "socket.io-request#/a#", "socket.io-response#/#",
                   "socket.io-response#/#abcdef#"});
  CHECK(namespaces(server).classic == Names{"/", "/a", "/b"});
  CHECK(namespaces(server).transport == Transport::classic);
  Servers sharded(server, SubscriptionKind::shard, {"socket.io#/b#", "socket.io#/b#kitchen#", "socket.io-x#/c#"});
  const FoundNamespaces both = namespaces(server);
  CHECK(both.of(Transport::sharded) == Names{"/b"});
  CHECK(both.streams.empty());
  CHECK_FALSE(both.transport);
  CHECK(both.message ==
        "More than one transport is in use with the key \"socket.io\": classic (3 namespaces) and sharded (1 namespace): name "
        "the one that is meant.");
  CHECK(namespaces(server, {"/a"}).transport == Transport::classic);
  CHECK(namespaces(server, {"/b", "/x"}).classic == Names{"/b"});
  CHECK(namespaces(server, {"/x"}).message.starts_with("No server listens in namespace /x"));
}

TEST_CASE("find transport: nobody is nobody, and no Redis is said to be none") {
  support::RedisServer server;
  const FoundTransport none = found(server);
  CHECK_FALSE(none.transport.has_value());
  CHECK(none.message.starts_with("No server listens in namespace / with the key \"socket.io\" on this Redis"));
  redis::Options nowhere = redis::parse_url("unix:///nonexistent/redis.sock");
  CHECK(find_transport(nowhere, {}, "/", 20s).message != "");
}

TEST_CASE("automatic: emits wait until it is known who listens, then leave in their order by that transport") {
  support::RedisServer server;
  {
    Servers fleet(server, SubscriptionKind::shard, {"socket.io#/#"});
    Emitter io(server.url(), on(Transport::automatic));
    io.emit("a", 1);
    io.emit("b", 2);
    io.to(std::vector<Room>{}).emit("c");
    const EmitSummary summary = io.flush(20s);
    CHECK(summary.confirmed == 2);
    CHECK(summary.receivers_min == 1);
    io.emit("d");
    CHECK(io.flush(20s).confirmed == 1);
    const auto& messages = fleet.wait_for(3);
    CHECK(messages[0].payload.find("\"a\"") != std::string::npos);
    CHECK(messages[1].payload.find("\"b\"") != std::string::npos);
    CHECK(messages[2].payload.find("\"d\"") != std::string::npos);
  }
  REQUIRE(server.ask({"XADD", "socket.io-3", "*", "nsp", "/", "type", "3", "data", "{}"}) != "");
  Servers streams(server, SubscriptionKind::channel, {"socket.io#/#"});
  Loop loop;
  std::vector<EmitResult> results;
  AsyncEmitter io(
      loop, server.url(), [&](const EmitResult& result) { results.push_back(result); }, on(Transport::automatic));
  io.emit("a");
  CHECK(wait(loop, [&] { return results.size() == 1; }));
  CHECK(results[0].outcome == Outcome::ok);
  CHECK(entries(server, "socket.io-3") == 2);
}

TEST_CASE("automatic: nobody is sent to as classic, and several transports are refused with their names") {
  support::RedisServer server;
  Emitter io(server.url(), on(Transport::automatic));
  io.emit("a");
  CHECK(io.flush(20s).no_receivers == 1);
  Servers classic(server, SubscriptionKind::channel, {"socket.io-request#/#"});
  Servers sharded(server, SubscriptionKind::shard, {"socket.io#/#"});
  Emitter other(server.url(), on(Transport::automatic));
  other.emit("a");
  const EmitSummary summary = other.flush(20s);
  CHECK(summary.refused == 1);
  CHECK(summary.message.find("classic (1 server) and sharded (1 server)") != std::string::npos);
}

TEST_CASE("automatic: what waits for an answer ends with its emitter, and callbacks may destroy that") {
  support::RedisServer server;
  Servers classic(server, SubscriptionKind::channel, {"socket.io-request#/#"});
  Servers sharded(server, SubscriptionKind::shard, {"socket.io#/#"});
  Loop loop;
  std::size_t ended = 0;
  std::optional<AsyncEmitter> io;
  const auto on_result = [&](const EmitResult& result) {
    CHECK(result.outcome != Outcome::ok);
    ++ended;
    io.reset();
  };
  io.emplace(loop, server.url(), on_result, on(Transport::automatic));
  io->emit("a");
  io->emit("b");
  CHECK(wait(loop, [&] { return ended == 1; }));
  CHECK_FALSE(io.has_value());
  std::size_t lost = 0;
  {
    redis::Options small = redis::parse_url(server.url());
    small.queue_bytes_max = 10'000;
    AsyncEmitter gone(
        loop, small, [&](const EmitResult&) { ++lost; }, on(Transport::automatic));
    gone.emit("a");
    const std::string large(small.queue_bytes_max / 2 + 1, 'x');
    gone.emit("b", large);
    gone.emit("c", large);  // the queue has no room for this one
  }
  CHECK(lost == 3);
}

TEST_CASE("find transport: a user who may see neither readers nor streams gets no guess between sharded and streams") {
  support::RedisServer server;
  Servers fleet(server, SubscriptionKind::shard, {"socket.io#/#", "socket.io#/#0123456789abcdef#"});
  CHECK(server.ask({"ACL", "SETUSER", "app", "on", ">pw", "allchannels", "+ping", "+select", "+hello", "+client|setname",
                    "+pubsub", "+spublish"}) == "+OK");
  redis::Options app = redis::parse_url(server.url());
  app.username = "app";
  app.password = "pw";
  const FoundTransport unknown = find_transport(app, {}, "/", 20s);
  CHECK(unknown.transport == std::nullopt);
  CHECK(unknown.message.find("name the transport, sharded or streams") != std::string::npos);
  CHECK(server.ask({"ACL", "SETUSER", "app", "+exists", "%R~socket.io*"}) == "+OK");
  CHECK(find_transport(app, {}, "/", 20s).transport == Transport::sharded);
}

TEST_CASE("automatic: emits made before use_fleet() go to the fleet before it, later ones to the new one") {
  support::RedisServer server;
  Servers before(server, SubscriptionKind::shard, {"socket.io#/#", "socket.io#/#0123456789abcdef#"});
  Servers after(server, SubscriptionKind::channel, {"app#/#"});
  Emitter io(server.url(), on(Transport::automatic));
  io.emit("early");
  EmitterOptions named = on(Transport::classic);
  named.key = "app";
  io.use_fleet(named);
  io.emit("late");
  const EmitSummary summary = io.flush(5s);
  CHECK(summary.confirmed == 2);
  CHECK(summary.waiting == 0);
  CHECK(before.wait_for(1)[0].payload.find("early") != std::string::npos);
  CHECK(after.wait_for(1)[0].payload.find("late") != std::string::npos);
}

TEST_CASE("automatic: that nobody listens in one namespace says nothing of the others") {
  support::RedisServer server;
  Servers fleet(server, SubscriptionKind::shard, {"socket.io#/#", "socket.io#/#0123456789abcdef#"});
  Emitter io(server.url(), on(Transport::automatic));
  io.of("/nobody").emit("first");
  io.emit("kept");
  CHECK(io.flush(5s).confirmed == 2);
  Emitter other(server.url(), on(Transport::automatic));
  other.of("/nobody").emit("first");
  CHECK(other.flush(5s).confirmed == 1);
  other.emit("within a second");
  CHECK(other.flush(5s).receivers_min == 1);
  const auto& heard = fleet.wait_for(2);
  CHECK(heard[0].payload.find("kept") != std::string::npos);
  CHECK(heard[1].payload.find("within a second") != std::string::npos);
}

TEST_CASE("automatic: close() sends what waits for the transport, and what has no time left is told") {
  support::RedisServer server;
  Servers fleet(server, SubscriptionKind::shard, {"socket.io#/#", "socket.io#/#0123456789abcdef#"});
  Loop loop;
  int confirmed = 0;
  int lost = 0;
  const auto count = [&](const EmitResult& result) { ++(result.outcome == Outcome::ok ? confirmed : lost); };
  AsyncEmitter io(loop, server.url(), count, on(Transport::automatic));
  io.emit("a");
  io.emit("b");
  std::optional<EmitSummary> summary;
  int closed = 0;
  io.close(5s, [&](const EmitSummary& given) { summary = given, ++closed; throw std::runtime_error("caught, and logged"); });
  io.close(5s, [&](const EmitSummary&) { ++closed; });
  REQUIRE(wait(loop, [&] { return closed == 2; }));
  CHECK(confirmed == 2);
  CHECK(summary->waiting == 0);

  AsyncEmitter late(loop, server.url(), count, on(Transport::automatic));
  late.emit("c");
  late.close(0ms, [&](const EmitSummary& given) { summary = given, ++closed; });
  REQUIRE(wait(loop, [&] { return closed == 3; }));
  CHECK(lost == 1);
  CHECK(summary->waiting == 0);
}

TEST_CASE("emitter: a callback that throws keeps no other emit from ending") {
  support::RedisServer server;
  Servers classic(server, SubscriptionKind::channel, {"socket.io-request#/#"});
  Servers sharded(server, SubscriptionKind::shard, {"socket.io#/#"});
  Loop loop;
  int ended = 0;
  AsyncEmitter io(
      loop, server.url(),
      [&](const EmitResult&) {
        ++ended;
        throw std::runtime_error("caught, and logged");
      },
      on(Transport::automatic));
  io.emit("a");
  io.emit("b");
  io.emit("c");
  CHECK(wait(loop, [&] { return ended == 3; }));
}

TEST_CASE("emitter: use_fleet() may add and drop transports while emits are under way") {
  support::RedisServer server;
  for (const bool adds : {true, false}) {
    CAPTURE(adds);
    EmitterOptions one = on(Transport::classic);
    EmitterOptions two = one;
    two.also = {Transport::sharded};
    int ended = 0;
    (adds ? one : two).on_result = [&](const EmitResult&) { ++ended; };
    Emitter io(server.url(), adds ? one : two);
    io.emit("before");
    io.use_fleet(adds ? two : one);
    io.emit("after");
    const EmitSummary summary = io.flush(5s);
    CHECK(summary.confirmed == 2);
    CHECK(summary.waiting == 0);
    CHECK(ended == 2);
  }
}

TEST_CASE("stream count: what exists and who reads tell it, or it stays open") {
  using Numbered = std::vector<std::pair<std::uint32_t, std::string>>;
  const auto count = [](bool plain, Numbered numbered, std::optional<std::size_t> readers, std::size_t servers,
                        std::string_view nsp = "/") {
    return stream_count_of({plain, std::move(numbered), readers, servers}, nsp);
  };
  CHECK(count(false, {}, 0, 2) == 1);
  CHECK(count(true, {}, 2, 2) == 1);
  CHECK(count(false, {}, 2, 2) == 1);
  CHECK(count(false, {}, 8, 2) == std::nullopt);  // of 4 streams, or of another number
  CHECK(count(false, {}, std::nullopt, 2) == std::nullopt);
  CHECK(count(true, {}, std::nullopt, 2) == 1);
  CHECK(stream_count_of({true, {}, 2, 2, false}, "/") == std::nullopt);  // Redis refused to report some
  CHECK(count(true, {}, 3, 1) == 1);                                     // other connections read too
  CHECK(count(false, {{3, "/"}}, 0, 1) == 4);                            // or 11, 22, 44: all have the same stream for "/"
  CHECK(count(false, {{3, "/"}}, 11, 1) == 11);
  CHECK(count(false, {{3, "/"}}, 0, 1, "/x") == std::nullopt);
  CHECK(count(false, {{3, ""}}, 0, 1) == std::nullopt);
  CHECK(count(true, {{3, "/"}}, 0, 1) == std::nullopt);
  CHECK(count(true, {{3, "/"}}, 4, 1) == 4);
  CHECK(count(true, {{3, "/"}}, 1, 1) == 1);  // the numbered one is a leftover
  CHECK(count(false, {{2, "/"}}, 3, 1) == 3);
}

}  // namespace transports_test
