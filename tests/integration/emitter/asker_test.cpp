// Requests to a fleet, on every transport, with a real Redis and servers whose responses the test chooses.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <socketio/asker.hpp>

#include "fake_server.hpp"

namespace asker_test {

using namespace recorders;
using namespace std::chrono_literals;
using asking::Event;
using asking::Until;

namespace {

constexpr const char* uids[] = {"00112233aabbccdd", "8899aabbccddeeff"};
constexpr const char* short_uids[] = {"aaaaaa", "bbbbbb"};

std::string uid(Transport transport, int number) { return transport == Transport::classic ? short_uids[number] : uids[number]; }

Fleet on(Transport transport) {
  Fleet fleet;
  fleet.transport = transport;
  return fleet;
}

/// Two servers, and an asker on the same loop.
struct Fleet {
  support::RedisServer redis;
  Loop loop;
  FakeServer first;
  FakeServer second;
  std::optional<AsyncAsker> asker;

  Fleet(Transport transport, FakeServer::Behaviour one, FakeServer::Behaviour two)
      : first(loop, redis, transport, uid(transport, 0), std::move(one)),
        second(loop, redis, transport, uid(transport, 1), std::move(two)),
        asker(std::in_place, loop, redis.url(), on(transport)) {}

  /// Runs the request that `ask(done)` begins, and returns its result.
  template <typename Result, typename Ask>
  Result result(const Ask& ask) {
    std::optional<Result> ended;
    ask([&ended](Result given) {
      REQUIRE_FALSE(ended.has_value());
      ended.emplace(std::move(given));
    });
    REQUIRE_FALSE(ended.has_value());
    REQUIRE(wait(loop, [&ended] { return ended.has_value(); }));
    return std::move(*ended);
  }
  asking::Sockets sockets(const Target& target, const asking::Options& options = {}) {
    return result<asking::Sockets>([&](auto done) { asker->fetch_sockets(target, options, done); });
  }
  asking::Acks acks(const asking::Options& options = {}, asking::OnAck on_ack = {}) {
    return result<asking::Acks>([&](auto done) { asker->emit_with_ack({}, Event("order", 42), options, on_ack, done); });
  }
};

constexpr Transport transports[] = {Transport::classic, Transport::sharded, Transport::streams};
constexpr auto ages = 60s;

}  // namespace

TEST_CASE("asker: looks for the transport before its first question, and then asks as if it had been named") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {.sockets = {"a"}, .clients = 1, .acks = {7}}, {.sockets = {"b", "c"}});
    fleet.asker.emplace(fleet.loop, fleet.redis.url(), on(Transport::automatic));
    // Two requests at once: the second one waits for the search that the first one has begun.
    std::optional<asking::Rooms> rooms;
    fleet.asker->all_rooms("/", {.timeout = ages}, [&rooms](asking::Rooms given) { rooms = std::move(given); });
    const asking::Count count =
        fleet.result<asking::Count>([&](auto done) { fleet.asker->count({}, {.timeout = ages}, done); });
    CHECK(count.complete);
    CHECK(count.count == 3);
    REQUIRE(wait(fleet.loop, [&rooms] { return rooms.has_value(); }));
    CHECK(rooms->complete);
    CHECK(std::find(rooms->rooms.begin(), rooms->rooms.end(), "kitchen") != rooms->rooms.end());
    CHECK(fleet.acks({.timeout = ages}).answers.size() == 1);
  }
}

TEST_CASE("asker: where the transport cannot be found, a question ends with the reason") {
  Fleet fleet(Transport::classic, {}, {});
  fleet.asker.emplace(fleet.loop, fleet.redis.url(), on(Transport::automatic));
  Target elsewhere;
  elsewhere.nsp = "/nobody";
  const asking::Sockets none = fleet.sockets(elsewhere, {.timeout = ages});
  CHECK_FALSE(none.complete);
  CHECK(none.error.find("No server listens in namespace /nobody") == 0);
  std::optional<asking::Sockets> first;
  fleet.asker->fetch_sockets(elsewhere, {.timeout = ages}, [&first](asking::Sockets given) { first = std::move(given); });
  CHECK(fleet.sockets({}, {.timeout = ages}).complete);  // where somebody listens
  REQUIRE(wait(fleet.loop, [&first] { return first.has_value(); }));
  CHECK_FALSE(first->error.empty());
  fleet.asker.emplace(fleet.loop, fleet.redis.url(), on(Transport::automatic));
  FakeServer other(fleet.loop, fleet.redis, Transport::sharded, uid(Transport::sharded, 0), {});
  const asking::Sockets several = fleet.sockets({}, {.timeout = ages});
  CHECK(several.error.find("More than one transport is in use") == 0);
  std::optional<asking::Sockets> closed;
  fleet.asker->fetch_sockets({}, {.timeout = ages}, [&closed](asking::Sockets given) { closed = std::move(given); });
  fleet.asker.reset();
  REQUIRE(closed.has_value());
  CHECK_FALSE(closed->error.empty());
  socketio::Fleet bad = on(Transport::automatic);
  bad.key = "\xff";
  CHECK_THROWS_AS(Asker(fleet.redis.url(), bad), Error);
}

TEST_CASE("asker: sockets of all servers, with what each tells of them") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{"s1", "s2"}}, {{"s3"}});
    const asking::Sockets found = fleet.sockets({}, {.timeout = ages});
    CHECK(found.complete);
    CHECK(found.error == "");
    CHECK(found.servers_asked == 2);
    CHECK(found.servers_answered == 2);
    REQUIRE(found.sockets.size() == 3);
    for (const asking::Socket& socket : found.sockets) {
      CHECK(socket.rooms == std::vector<std::string>{socket.id, "kitchen"});
      CHECK(socket.handshake().member("address").as<std::string>() == "10.0.0.1");
      CHECK(socket.data().as<int>() == 7);
      CHECK(socket.server == (transport == Transport::classic ? "" : uid(transport, socket.id == "s3" ? 1 : 0)));
    }
  }
}

TEST_CASE("asker: sockets may be heard of one by one, and are not kept then") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{"s1", "s2"}, 0, {}, false, 2}, {{"s2", "s3"}});
    std::vector<std::string> heard;
    const auto found = fleet.result<asking::Sockets>([&](auto done) {
      fleet.asker->fetch_sockets(
          {}, {.timeout = ages}, [&heard](const asking::Socket& socket) { heard.push_back(socket.id); }, done);
    });
    CHECK(found.asked);
    CHECK(found.sockets.empty());
    std::sort(heard.begin(), heard.end());
    CHECK(heard == std::vector<std::string>{"s1", "s2", "s3"});
  }
}

TEST_CASE("asker: more bytes of answers than are wanted end a question") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{"s1"}}, {{"s2"}});
    const asking::Sockets found = fleet.sockets({}, {.timeout = ages, .answers_bytes_max = 50});
    CHECK(found.asked);
    CHECK_FALSE(found.complete);
    CHECK(found.error == "The answers have more than 50 bytes together.");
    CHECK(found.sockets.empty());
  }
}

TEST_CASE("asker: the number of sockets; classic servers are asked for ids, unless rooms are left out") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{"s1", "s2"}}, {{"s3"}});
    const auto count = [&](const Target& target) {
      return fleet.result<asking::Count>([&](auto done) { fleet.asker->count(target, {.timeout = ages}, done); });
    };
    CHECK(count({}).count == 3);
    Target without;
    without.except = {"bar"};
    const asking::Count counted = count(without);
    CHECK(counted.count == 3);
    CHECK(counted.complete);
  }
}

TEST_CASE("asker: rooms, from the servers, the sockets or the channels") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{"s1"}}, {{"s2"}});
    const auto rooms = fleet.result<asking::Rooms>([&](auto done) { fleet.asker->all_rooms("", {.timeout = ages}, done); });
    CHECK(rooms.complete);
    using Names = std::vector<std::string>;
    CHECK(rooms.rooms == (transport == Transport::classic   ? Names{"aaaaaa", "bbbbbb", "kitchen"}
                          : transport == Transport::sharded ? Names{"kitchen"}
                                                            : Names{"kitchen", "s1", "s2"}));
  }
}

TEST_CASE("asker: the servers, and how many sockets each has") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{"s1", "s2"}}, {});
    const auto found = fleet.result<asking::Servers>([&](auto done) { fleet.asker->servers("/", {.timeout = ages}, done); });
    REQUIRE(found.servers.size() == 2);
    CHECK(found.servers[0].sockets + found.servers[1].sockets == 2);
    CHECK(found.servers[0].uid.empty() == (transport == Transport::classic));
  }
}

TEST_CASE("asker: clients answer one by one, and the question ends when all have") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{}, 2, {10, 20}}, {{}, 1, {30}});
    int sum = 0;
    const asking::Acks acks =
        fleet.acks({.timeout = ages}, [&sum](const Value& answer) { sum += answer.as<int>().value_or(0); });
    CHECK(acks.complete);
    CHECK(acks.clients == 3);
    CHECK(acks.answers.size() == 3);
    CHECK(acks.clients_missing() == 0);
    CHECK(sum == 60);
  }
}

TEST_CASE("asker: servers answer to a server-side event, and say who they are where the transport does") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {}, {});
    int heard = 0;
    const auto answers = fleet.result<asking::ServerAnswers>([&](auto done) {
      fleet.asker->server_side_emit(
          "/", Event("version"), {.timeout = ages}, [&heard](const auto&) { ++heard; }, done);
    });
    CHECK(answers.complete);
    REQUIRE(answers.answers.size() == 2);
    CHECK(heard == 2);
    CHECK(answers.answers[0].value().as<int>() == 42);
    CHECK(answers.answers[0].server.empty() == (transport == Transport::classic));
  }
}

TEST_CASE("asker: at the deadline there is what has come, how many are missing, and where it can be known who") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{"s1"}}, {{"s2"}, 0, {}, true});
    const asking::Sockets found = fleet.sockets({}, {.timeout = 300ms});
    CHECK_FALSE(found.complete);
    CHECK(found.error == "");
    CHECK(found.sockets.size() == 1);
    CHECK(found.servers_missing() == 1);
    using Names = std::vector<std::string>;
    CHECK(found.missing == (transport == Transport::classic ? Names{} : Names{uids[1]}));
  }
}

TEST_CASE("asker: clients that do not answer are counted") {
  Fleet fleet(Transport::sharded, {{}, 3, {1}}, {});
  const asking::Acks acks = fleet.acks({.timeout = 200ms});
  CHECK_FALSE(acks.complete);
  CHECK(acks.clients_missing() == 2);
  CHECK(acks.servers_missing() == 0);
  CHECK(acks.missing.empty());
}

TEST_CASE("asker: the first answer, more than half of them, or a number of them may be enough") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{"s1"}, 3, {1, 2}}, {{}, 0, {}, true});
    CHECK(fleet.sockets({}, {.timeout = ages, .until = Until::first}).complete);
    CHECK(fleet.sockets({}, {.timeout = ages, .expected = 1}).complete);
    CHECK(fleet.acks({.timeout = ages, .until = Until::first}).answers.size() == 1);
    CHECK(fleet.acks({.timeout = ages, .expected = 2}).answers.size() == 2);
    CHECK_FALSE(fleet.sockets({}, {.timeout = 100ms, .until = Until::quorum}).complete);  // one of two is not more than half
  }
  Fleet fleet(Transport::streams, {{}, 3, {1, 2}}, {});
  CHECK(fleet.acks({.timeout = ages, .until = Until::quorum}).answers.size() == 2);
}

TEST_CASE("asker: an answer that comes twice counts once") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{"s1"}, 0, {}, false, 2}, {{"s2"}, 0, {}, true});
    const asking::Sockets found = fleet.sockets({}, {.timeout = 300ms});
    CHECK_FALSE(found.complete);
    CHECK(found.servers_answered == 1);
    CHECK(found.sockets.size() == 1);
  }
}

TEST_CASE("asker: an empty list of rooms asks nobody, on every transport") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {}, {});
    Target nobody;
    target::select_rooms(nobody, {});
    const auto acks =
        fleet.result<asking::Acks>([&](auto done) { fleet.asker->emit_with_ack(nobody, Event("order"), {}, {}, done); });
    CHECK(acks.complete);
    CHECK(acks.error.empty());
    CHECK(acks.clients == 0);
    CHECK(acks.servers_asked == 0);
    CHECK(fleet.sockets(nobody).sockets.empty());
    const auto count =
        fleet.result<asking::Count>([&](auto done) { fleet.asker->count(nobody, {.until = Until::first}, done); });
    CHECK_FALSE(count.complete);
    CHECK(count.count == 0);
  }
}

TEST_CASE("asker: without any server there is nothing to wait for") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    support::RedisServer redis;
    Asker asker(redis.url(), on(transport));
    const asking::Acks acks = asker.emit_with_ack({}, Event("order"), {.timeout = ages});
    CHECK(acks.complete);
    CHECK(acks.servers_asked == 0);
    CHECK(asker.count({}).count == 0);
    for (const Until until : {Until::first, Until::quorum}) {
      CHECK_FALSE(asker.emit_with_ack({}, Event("order"), {.timeout = ages, .until = until}).complete);  // done, no response
    }
  }
}

TEST_CASE("asker: many questions at once, each with its own answers") {
  Fleet fleet(Transport::classic, {{"s1"}}, {{"s2"}});
  std::size_t ended = 0;
  for (int number = 0; number < 50; ++number) {
    fleet.asker->fetch_sockets({}, {.timeout = ages}, [&](const asking::Sockets& found) {
      CHECK(found.complete);
      CHECK(found.sockets.size() == 2);
      ++ended;
    });
  }
  REQUIRE(wait(fleet.loop, [&ended] { return ended == 50; }));
  CHECK(fleet.first.questions == 50);
}

TEST_CASE("asker: nobody counts it, and it leaves nothing behind") {
  for (const Transport transport : transports) {
    CAPTURE(name_of(transport));
    Fleet fleet(transport, {{"s1"}}, {{"s2"}});
    const auto count = [&] {
      const bool sharded = transport == Transport::sharded;
      redis::Client client(fleet.loop, redis::parse_url(fleet.redis.url()));
      client.connect();
      std::optional<std::int64_t> counted;
      const std::vector<std::string_view> words{"PUBSUB", sharded ? "SHARDNUMSUB" : "NUMSUB",
                                                transport == Transport::classic ? "socket.io-request#/#" : "socket.io#/#"};
      client.command(words, [&](const redis::CommandResult& result) { counted = result.reply.elements.at(1).integer; });
      REQUIRE(wait(fleet.loop, [&] { return counted.has_value(); }));
      return *counted;
    };
    CHECK(count() == 2);
    CHECK(fleet.sockets({}, {.timeout = ages}).sockets.size() == 2);
    CHECK(count() == 2);
    REQUIRE(fleet.first.uids.size() == 1);
    const std::string channel =
        transport == Transport::classic ? "socket.io-response#/#" : "socket.io#/#" + fleet.first.uids[0] + "#";
    const char* const command = transport == Transport::sharded ? "SHARDCHANNELS" : "CHANNELS";
    CHECK(fleet.redis.ask({"PUBSUB", command, channel}) == "*1");
    fleet.asker.reset();
    REQUIRE(wait(fleet.loop, [&] { return fleet.redis.ask({"PUBSUB", command, channel}) == "*0"; }));
    CHECK(fleet.redis.ask({"DBSIZE"}) == ":0");
  }
}

TEST_CASE("asker: what cannot be asked is refused at once, and no Redis is an error at once") {
  support::RedisServer redis;
  Asker asker(redis.url());
  CHECK_THROWS_AS((void)asker.emit_with_ack({}, Event("connect")), Error);
  CHECK_THROWS_AS((void)asker.server_side_emit("/", Event("error")), Error);
  Target bad;
  bad.rooms = {"\xff"};
  CHECK_THROWS_AS((void)asker.count(bad), Error);
  Asker nowhere("unix:///nonexistent/redis.sock");
  const asking::Count count = nowhere.count({}, {.timeout = ages});
  CHECK_FALSE(count.complete);
  CHECK(count.error != "");
}

TEST_CASE("asker: a user who may not listen or publish is told so, and the next question is asked anew") {
  support::RedisServer redis;
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "on", ">pw", "+@all", "resetchannels", "&socket.io-request#*"}) == "+OK");
  redis::Options options = redis::parse_url(redis.url());
  options.username = "app";
  options.password = "pw";
  Asker asker(options);
  const asking::Count deaf = asker.count({}, {.timeout = ages});
  CHECK(deaf.error.find("NOPERM") != std::string::npos);
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "&socket.io-response#*"}) == "+OK");
  CHECK(asker.count({}, {.timeout = ages}).complete);
  REQUIRE(redis.ask({"ACL", "SETUSER", "app", "resetchannels", "&socket.io-response#*"}) == "+OK");
  Asker mute(options);
  CHECK(mute.count({}, {.timeout = ages}).error.find("NOPERM") != std::string::npos);
}

TEST_CASE("asker: destroying it ends what is under way; a callback may destroy it") {
  Fleet fleet(Transport::sharded, {{"s1"}, 1, {1}}, {{}, 0, {}, true});
  std::string error;
  fleet.asker->fetch_sockets({}, {.timeout = ages}, [&error](const asking::Sockets& found) { error = found.error; });
  fleet.asker.reset();
  CHECK(error == "The asker was closed.");
  fleet.asker.emplace(fleet.loop, fleet.redis.url(), on(Transport::sharded));
  bool ended = false;
  fleet.asker->emit_with_ack(
      {}, Event("order"), {.timeout = ages}, [&](const Value&) { fleet.asker.reset(); },
      [&ended](const asking::Acks&) { ended = true; });
  REQUIRE(wait(fleet.loop, [&ended] { return ended; }));
}

TEST_CASE("asker: without a loop it works the same, again after Redis was away") {
  support::RedisServer redis;
  std::atomic<bool> stop = false;
  std::atomic<bool> ready = false;
  std::thread servers([&] {
    Loop loop;
    FakeServer server(loop, redis, Transport::streams, uids[0], {{"s1"}, 1, {7}});
    ready = true;
    while (!stop) {
      loop.run_until([&] { return stop.load(); }, std::chrono::milliseconds(5));
    }
  });
  while (!ready) {
    std::this_thread::yield();
  }
  {
    Asker asker(redis.url(), on(Transport::streams));
    CHECK(asker.fetch_sockets({}, {.timeout = ages}).sockets.size() == 1);
    const asking::Acks acks = asker.emit_with_ack({}, Event("order"), {.timeout = ages});
    REQUIRE(acks.answers.size() == 1);
    CHECK(Value(acks.answers[0].bytes()).as<int>() == 7);
    CHECK(asker.servers("/", {.timeout = ages}).servers.size() == 1);
    redis.kill();
    redis.start();
    asking::Count count;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (count.count == 0 && std::chrono::steady_clock::now() < deadline) {  // the server reconnects at its own pace
      count = asker.count({}, {.timeout = 1s});
    }
    CHECK(count.count == 1);
  }
  stop = true;
  servers.join();
}

}  // namespace asker_test
