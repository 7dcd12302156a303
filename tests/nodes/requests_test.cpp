// Requests to other servers, in every family: each completes once, with all responses, or at its deadline with those received.

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <socketio/protocol/base64.hpp>
#include <socketio/protocol/pack.hpp>
#include <socketio/protocol/value.hpp>

#include "each_family.hpp"

namespace requests_test {

using namespace nodes;
using socketio::Arguments;
using socketio::Value;

namespace {

std::vector<std::string> ids_of(const FetchedSockets& fetched) {
  std::vector<std::string> ids;
  for (const Value socket : Arguments(fetched.sockets.packed.bytes(), fetched.sockets.count)) {
    ids.push_back(socket.member("id").as<std::string>().value_or("?"));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<std::string> acks_of(const AckSummary& summary) {
  std::vector<std::string> acks;
  for (const Buffer& ack : summary.acks) {
    acks.push_back(json(ack.bytes()));
  }
  std::sort(acks.begin(), acks.end());
  return acks;
}

std::vector<std::string> answers_of(const ServerAnswers& answers) {
  std::vector<std::string> values;
  for (const Buffer& answer : answers.answers) {
    values.push_back(json(answer.bytes()));
  }
  std::sort(values.begin(), values.end());
  return values;
}

socketio::Flags with_timeout(std::uint32_t ms) { return socketio::Flags().set_timeout_ms(ms); }

/// Three servers with a socket each: "s0", "s1", "s2", all in room "r".
struct Three : Fleet {
  explicit Three(const Family& of) : Fleet(of, 3) {
    for (std::size_t index = 0; index < 3; ++index) {
      sockets.push_back(&(*this)[index].host.shard().add("s" + std::to_string(index), {"r"}));
    }
  }
  std::vector<FakeSocket*> sockets;
};

}  // namespace

TEST_CASE("nodes: a fetch gathers the sockets of all servers") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    Ending<FetchedSockets> fetched;
    fleet[0].adapter->fetch({}, fetched.callback());
    CHECK(fetched.count() == 0);
    fleet.time.settle();
    REQUIRE(fetched.count() == 1);
    CHECK(ids_of(*fetched) == std::vector<std::string>{"s0", "s1", "s2"});
    CHECK(fetched->servers_missing == 0);
    CHECK(fleet.time.timer_count() == 0);
    CHECK(fleet[0].adapter->counters().requests_timed_out == 0);
  });
}

TEST_CASE("nodes: all rooms are those of all servers, each once") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    Ending<std::vector<std::string>> rooms;
    fleet[1].adapter->all_rooms(rooms.callback());
    fleet.time.settle();
    REQUIRE(rooms.count() == 1);
    CHECK(*rooms == std::vector<std::string>{"r", "s0", "s1", "s2"});
  });
}

TEST_CASE("nodes: a broadcast with acks ends when all clients of all servers have answered") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    for (std::size_t index = 0; index < 3; ++index) {
      fleet.sockets[index]->answer = "[" + std::to_string(index) + ",\"dropped elsewhere\"]";
      fleet.sockets[index]->answers_after_ms = 10 * index;
    }
    Ending<AckSummary> ending;
    std::size_t arrived = 0;
    fleet[0].adapter->broadcast_with_ack(
        {}, packed(R"(["q"])").bytes(), [&arrived](Bytes) { ++arrived; }, ending.callback());
    fleet.time.advance(19);
    CHECK(arrived == 2);
    CHECK(ending.count() == 0);
    fleet.time.advance(1);
    REQUIRE(ending.count() == 1);
    CHECK(acks_of(*ending) == std::vector<std::string>{"[0,\"dropped elsewhere\"]", "[1]", "[2]"});
    CHECK_FALSE(ending->timed_out);
    CHECK(ending->clients_asked == 3);
    CHECK(ending->clients_missing() == 0);
    fleet.time.advance(100'000);
    CHECK(ending.count() == 1);
  });
}

TEST_CASE("nodes: a broadcast with acks where no client is ends at once, without error") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    const std::vector<Room> nobody{Room("nobody")};
    Ending<AckSummary> ending;
    fleet[0].adapter->broadcast_with_ack({.rooms = nobody}, packed(R"(["q"])").bytes(), nullptr, ending.callback());
    CHECK(ending.count() == 0);
    fleet.time.settle();
    REQUIRE(ending.count() == 1);
    CHECK_FALSE(ending->timed_out);
    CHECK(ending->acks.empty());
  });
}

TEST_CASE("nodes: a client that never answers is missing at the deadline, which the application sets") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    fleet.sockets[1]->answer = "[1]";
    Ending<AckSummary> ending;
    fleet[0].adapter->broadcast_with_ack({.flags = with_timeout(700)}, packed(R"(["q"])").bytes(), nullptr, ending.callback());
    fleet.time.advance(699);
    CHECK(ending.count() == 0);
    fleet.time.advance(1);
    REQUIRE(ending.count() == 1);
    CHECK(ending->timed_out);
    CHECK(ending->clients_asked == 3);
    CHECK(ending->clients_missing() == 2);
    CHECK(ending->servers_missing == 0);
    CHECK(acks_of(*ending) == std::vector<std::string>{"[1]"});

    // Later responses belong to no request.
    const socketio::Buffer late = packed("[2]");
    fleet.sockets[2]->acknowledge(late.bytes());
    fleet.time.settle();
    CHECK(ending.count() == 1);
    CHECK(fleet[0].adapter->counters().foreign_answers == 1);
  });
}

TEST_CASE("nodes: a local broadcast with acks asks nobody else") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    fleet.sockets[0]->answer = "[0]";
    Ending<AckSummary> ending;
    fleet[0].adapter->broadcast_with_ack({.local = true}, packed(R"(["q"])").bytes(), nullptr, ending.callback());
    fleet.time.settle();
    REQUIRE(ending.count() == 1);
    CHECK_FALSE(ending->timed_out);
    CHECK(acks_of(*ending) == std::vector<std::string>{"[0]"});
    CHECK(fleet.redis.published.empty());
  });
}

TEST_CASE("nodes: a server-side event is answered by each other server, and not by its own") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    for (std::size_t index = 0; index < 3; ++index) {
      fleet[index].host.event_answer = "[" + std::to_string(index) + "]";
    }
    Ending<ServerAnswers> ending;
    fleet[1].adapter->server_side_emit_with_ack(packed(R"(["ev",{"a":1}])").bytes(), ending.callback());
    fleet.time.settle();
    REQUIRE(ending.count() == 1);
    CHECK(answers_of(*ending) == std::vector<std::string>{"0", "2"});
    CHECK_FALSE(ending->timed_out);
    CHECK(ending->servers_asked == 2);
    CHECK(fleet[0].host.events == std::vector<std::string>{R"(["ev",{"a":1}])"});
    CHECK(fleet[1].host.events.empty());
  });
}

TEST_CASE("nodes: a server alone answers its questions itself, and asks nobody") {
  with_each_family([](const Family& family) {
    Fleet fleet(family, 1);
    fleet[0].host.shard().add("s", {"r"});
    Ending<FetchedSockets> fetched;
    Ending<std::vector<std::string>> rooms;
    Ending<ServerAnswers> answers;
    Ending<std::size_t> count;
    fleet[0].adapter->fetch({}, fetched.callback());
    fleet[0].adapter->all_rooms(rooms.callback());
    fleet[0].adapter->server_side_emit_with_ack(packed(R"(["ev"])").bytes(), answers.callback());
    fleet[0].adapter->server_count(count.callback());
    fleet.time.settle();
    REQUIRE(fetched.count() == 1);
    CHECK(ids_of(*fetched) == std::vector<std::string>{"s"});
    REQUIRE(rooms.count() == 1);
    CHECK(*rooms == std::vector<std::string>{"r", "s"});
    REQUIRE(answers.count() == 1);
    CHECK_FALSE(answers->timed_out);
    CHECK(answers->answers.empty());
    REQUIRE(count.count() == 1);
    CHECK(*count == 1);
    CHECK(fleet.redis.published.empty());
  });
}

TEST_CASE("nodes: servers that never answer are missing at the deadline; the answers of the others are there") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    fleet[1].bus->cut();
    fleet.sockets[0]->answer = "[0]";
    fleet.sockets[2]->answer = "[2]";
    for (std::size_t index = 0; index < 3; ++index) {
      fleet[index].host.event_answer = "[" + std::to_string(index) + "]";
    }
    Ending<FetchedSockets> fetched;
    Ending<std::vector<std::string>> rooms;
    Ending<ServerAnswers> answers;
    Ending<AckSummary> acks;
    fleet[0].adapter->fetch({}, fetched.callback());
    fleet[0].adapter->all_rooms(rooms.callback());
    fleet[0].adapter->server_side_emit_with_ack(packed(R"(["ev"])").bytes(), answers.callback());
    fleet[0].adapter->broadcast_with_ack({.flags = with_timeout(5'000)}, packed(R"(["q"])").bytes(), nullptr, acks.callback());
    fleet.time.advance(requests_timeout_ms - 1);
    CHECK(fetched.count() + rooms.count() + answers.count() + acks.count() == 0);
    fleet.time.advance(1);
    REQUIRE(fetched.count() == 1);
    CHECK(ids_of(*fetched) == std::vector<std::string>{"s0", "s2"});
    CHECK(fetched->servers_missing == 1);
    REQUIRE(rooms.count() == 1);
    CHECK(*rooms == std::vector<std::string>{"r", "s0", "s2"});
    REQUIRE(answers.count() == 1);
    CHECK(answers->timed_out);
    CHECK(answers->servers_asked == 2);
    CHECK(answers_of(*answers) == std::vector<std::string>{"2"});
    REQUIRE(acks.count() == 1);
    CHECK(acks->timed_out);
    CHECK(acks->servers_missing == 1);
    CHECK(acks_of(*acks) == std::vector<std::string>{"[0]", "[2]"});
    CHECK(fleet[0].adapter->counters().requests_timed_out == 4);
    CHECK(fleet.time.timer_count() == 0);
  });
}

TEST_CASE("nodes: a server that ends between being counted and answering is missing") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    fleet.redis.faults.delay_ms_max = 0;
    Ending<FetchedSockets> fetched;
    fleet.redis.count_lie = 3;
    fleet[0].adapter->fetch({}, fetched.callback());
    fleet.nodes.pop_back();  // removes its subscriptions
    fleet.time.advance(requests_timeout_ms);
    REQUIRE(fetched.count() == 1);
    CHECK(ids_of(*fetched) == std::vector<std::string>{"s0", "s1"});
    CHECK(fetched->servers_missing == 1);
  });
}

TEST_CASE("nodes: counting servers ends at the deadline when Redis does not answer, and when the adapter closes") {
  with_each_family([](const Family& family) {
    Fleet fleet(family, 2);
    fleet.redis.answers_counts = false;
    Ending<std::size_t> count;
    fleet[0].adapter->server_count(count.callback());
    fleet.time.advance(requests_timeout_ms - 1);
    CHECK(count.count() == 0);
    fleet.time.advance(1);
    REQUIRE(count.count() == 1);
    CHECK(*count == 1);
    Ending<std::size_t> closing;
    fleet[0].adapter->server_count(closing.callback());
    fleet[0].adapter->close();
    CHECK(closing.count() == 1);
  });
}

TEST_CASE("nodes: where servers cannot be counted a question ends at once with what is here, and says that some are missing") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    fleet.redis.counts = false;
    fleet.sockets[0]->answer = "[0]";
    fleet.sockets[1]->answer = "[1]";
    fleet.sockets[2]->answer = "[2]";
    Ending<FetchedSockets> fetched;
    Ending<std::vector<std::string>> rooms;
    Ending<ServerAnswers> answers;
    Ending<AckSummary> acks;
    Ending<std::size_t> count;
    fleet[0].adapter->fetch({}, fetched.callback());
    fleet[0].adapter->all_rooms(rooms.callback());
    fleet[0].adapter->server_side_emit_with_ack(packed(R"(["ev"])").bytes(), answers.callback());
    fleet[0].adapter->broadcast_with_ack({.flags = with_timeout(300)}, packed(R"(["q"])").bytes(), nullptr, acks.callback());
    fleet[0].adapter->server_count(count.callback());
    fleet.time.settle();
    REQUIRE(fetched.count() == 1);
    CHECK(ids_of(*fetched) == std::vector<std::string>{"s0"});
    CHECK(fetched->servers_missing == 1);
    REQUIRE(rooms.count() == 1);
    CHECK(*rooms == std::vector<std::string>{"r", "s0"});
    REQUIRE(answers.count() == 1);
    CHECK(answers->timed_out);
    REQUIRE(count.count() == 1);
    CHECK(*count == 1);
    // The acks have been requested already: only the deadline shows that no other server responds.
    CHECK(acks.count() == 0);
    fleet.time.advance(300);
    REQUIRE(acks.count() == 1);
    CHECK(acks->timed_out);
    CHECK(acks_of(*acks) == std::vector<std::string>{"[0]", "[1]", "[2]"});
  });
}

TEST_CASE("nodes: an answer that comes twice does not stand for a server that is silent") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    fleet[2].bus->cut();
    fleet.redis.faults.doubled_percent = 100;
    Ending<FetchedSockets> fetched;
    fleet[0].adapter->fetch({}, fetched.callback());
    fleet.time.settle();
    CHECK(fetched.count() == 0);
    CHECK(fleet[0].adapter->counters().duplicate_answers != 0);
    fleet.time.advance(requests_timeout_ms);
    REQUIRE(fetched.count() == 1);
    CHECK(ids_of(*fetched) == std::vector<std::string>{"s0", "s1"});
    CHECK(fetched->servers_missing == 1);
  });
}

TEST_CASE("nodes: sockets of several loops are one server's, also when some answer late") {
  with_each_family([](const Family& family) {
    Fleet fleet(family);
    Node& here = fleet.add("/", 2);
    Node& there = fleet.add("/", 3);
    here.host.shard(0).add("h0", {"r"});
    here.host.shard(1).add("h1");
    here.host.shard(1).late_ms = 40;
    there.host.shard(0).add("t0");
    there.host.shard(1).add("t1", {"q"}).answer = "[1]";
    there.host.shard(2).add("t2");
    there.host.shard(1).late_ms = 20;
    Ending<FetchedSockets> fetched;
    Ending<FetchedSockets> local;
    Ending<std::vector<std::string>> rooms;
    Ending<AckSummary> acks;
    here.adapter->fetch({}, fetched.callback());
    here.adapter->fetch({.local = true}, local.callback());
    here.adapter->all_rooms(rooms.callback());
    const std::vector<Room> q{Room("q")};
    here.adapter->broadcast_with_ack({.rooms = q}, packed(R"(["q"])").bytes(), nullptr, acks.callback());
    fleet.time.advance(39);
    CHECK(fetched.count() + local.count() + rooms.count() + acks.count() == 0);
    fleet.time.advance(1);
    REQUIRE(fetched.count() == 1);
    CHECK(ids_of(*fetched) == std::vector<std::string>{"h0", "h1", "t0", "t1", "t2"});
    REQUIRE(local.count() == 1);
    CHECK(ids_of(*local) == std::vector<std::string>{"h0", "h1"});
    REQUIRE(rooms.count() == 1);
    CHECK(*rooms == std::vector<std::string>{"h0", "h1", "q", "r", "t0", "t1", "t2"});
    REQUIRE(acks.count() == 1);
    CHECK(acks_of(*acks) == std::vector<std::string>{"[1]"});
  });
}

TEST_CASE("nodes: answers to a question that nobody asked are counted, and nothing else") {
  Fleet fleet(families.front(), 1);
  fleet.redis.publish(SubscriptionKind::channel, "socket.io-response#/#",
                      socketio::as_bytes(R"({"requestId":"nobody","sockets":[]})"));
  fleet.time.settle();
  Ending<FetchedSockets> fetched;
  fleet.redis.count_lie = 2;
  fleet[0].adapter->fetch({}, fetched.callback());
  fleet.redis.publish(SubscriptionKind::channel, "socket.io-response#/#",
                      socketio::as_bytes(R"({"requestId":"nobody","sockets":[]})"));
  fleet.time.settle();
  CHECK(fleet[0].adapter->counters().foreign_answers == 2);
  CHECK(fetched.count() == 0);
}

TEST_CASE("nodes: an answer of another kind than the question is malformed, and ends nothing") {
  Fleet fleet(families.front(), 1);
  Ending<std::vector<std::string>> rooms;
  fleet.redis.count_lie = 2;
  fleet[0].host.random().give("abc123");
  fleet[0].adapter->all_rooms(rooms.callback());
  for (const char* const text : {R"({"requestId":"abc123","sockets":[]})", R"({"requestId":"abc123"})",
                                 R"({"requestId":"abc123","rooms":{"r":1}})", R"({"requestId":"abc123","type":6,"data":[]})"}) {
    fleet.redis.publish(SubscriptionKind::channel, "socket.io-response#/#", socketio::as_bytes(std::string_view(text)));
  }
  fleet.time.settle();
  CHECK(fleet[0].adapter->counters().malformed == 4);
  CHECK(rooms.count() == 0);
  fleet.redis.publish(SubscriptionKind::channel, "socket.io-response#/#",
                      socketio::as_bytes(R"({"requestId":"abc123","rooms":["b",42]})"));
  fleet.time.settle();
  REQUIRE(rooms.count() == 1);
  CHECK(*rooms == std::vector<std::string>{"42", "b"});
}

namespace {

/// [first, {"__proto__": binary, "a": 1}]: JavaScript servers would crash when they look for binary in it.
Buffer with_prototype(std::string_view first) {
  Buffer out;
  socketio::pack::array_header(out, 2);
  socketio::pack::text(out, first);
  socketio::pack::map_header(out, 2);
  socketio::pack::text(out, "__proto__");
  socketio::pack::binary(out, socketio::as_bytes("x"));
  socketio::pack::text(out, "a");
  socketio::pack::unsigned_integer(out, 1);
  return out;
}

/// True if the text has such a member, also within base64.
bool has_prototype(std::string_view text) {
  Buffer decoded;
  constexpr std::string_view name = "__proto__";
  return text.find(name) != std::string_view::npos ||
         (socketio::base64::decode(decoded, text) && decoded.text().find(name) != std::string_view::npos);
}

}  // namespace

TEST_CASE("nodes: nothing is published that sets a prototype in JavaScript servers, whatever way it comes from a client") {
  with_each_family([](const Family& family) {
    Three fleet(family);
    const Buffer event = with_prototype("e");
    Adapter& adapter = *fleet[0].adapter;
    for (FakeSocket* const socket : fleet.sockets) {
      socket->packed_data.emplace().append(event.bytes());
    }
    adapter.apply(Operation::emit({}, event.bytes()));
    Ending<AckSummary> acks;
    adapter.broadcast_with_ack({}, event.bytes(), nullptr, acks.callback());
    adapter.apply(Operation::server_side({}, event.bytes()));
    Ending<ServerAnswers> answers;
    adapter.server_side_emit_with_ack(event.bytes(), answers.callback());
    Ending<FetchedSockets> fetched;
    adapter.fetch({}, fetched.callback());
    fleet.time.settle();
    for (std::size_t index = 0; index < 3; ++index) {
      Buffer array;
      socketio::pack::array_header(array, 1);
      array.append(event.bytes());
      fleet.sockets[index]->acknowledge(array.bytes());
      for (const auto& answer : std::exchange(fleet[index].host.open_questions, {})) {
        answer(array.bytes());
      }
    }
    fleet.time.settle();

    REQUIRE(acks.count() == 1);
    CHECK(acks->acks.size() == 3);
    REQUIRE(answers.count() == 1);
    CHECK(answers->answers.size() == 2);
    REQUIRE(fetched.count() == 1);
    CHECK(fetched->sockets.count == 3);
    CHECK(fleet.sockets[2]->received.size() == 2);
    std::size_t count = 0;
    for (const FakeRedis::Message& message : fleet.redis.published) {
      CAPTURE(message.channel);
      CHECK_FALSE(has_prototype(message.text()));
      ++count;
    }
    for (const auto& command : fleet.redis.other_commands) {
      for (const std::string& word : command) {
        CHECK_FALSE(has_prototype(word));
      }
      ++count;
    }
    CHECK(count >= 10);
  });
}

}  // namespace requests_test
