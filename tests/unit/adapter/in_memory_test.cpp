// The adapter of a server that stands alone: what it asks of its shards, and how it puts their answers together.

#include <doctest/doctest.h>

#include <optional>

#include <socketio/adapter/in_memory.hpp>

#include "fake_host.hpp"

namespace in_memory_test {

using namespace fake;
using adapter::AckSummary;
using adapter::InMemoryAdapter;
using socketio::Operation;
using socketio::Target;
using Names = std::vector<std::string>;

namespace {

struct Asking {
  explicit Asking(std::size_t shard_count = 1) : host(shard_count) {}

  /// Asks everybody for an ack.
  void ask(Flags flags = {}) {
    Target target;
    target.flags = flags;
    memory.broadcast_with_ack(
        target, event("e").bytes(), [this](Bytes answer) { arrived.push_back(json(answer)); },
        [this](AckSummary result) {
          CHECK_FALSE(summary.has_value());
          summary = std::move(result);
        });
  }
  void answer(std::size_t shard, std::string_view text) {
    Buffer array;
    pack::array_header(array, 1);
    pack::text(array, text);
    host.shard[shard]->asked.back().listener->on_ack(array.bytes());
  }

  Host host;
  InMemoryAdapter memory{host};
  Names arrived;
  std::optional<AckSummary> summary;
};

}  // namespace

TEST_CASE("in-memory adapter: an operation reaches every shard, with its rooms") {
  Host host(2);
  InMemoryAdapter memory(host);
  const std::vector<Room> rooms{"a", "b"}, except{"c"}, joined{"x", "y"};
  Target target{.rooms = rooms, .except = except, .flags = Flags().set_volatile()};
  memory.apply(Operation::emit(target, event("e", 1).bytes()));
  memory.apply(Operation::join(target, joined));
  memory.apply(Operation::leave(target, joined));
  memory.apply(Operation::disconnect(target, false));
  memory.apply(Operation::disconnect(target, true));
  const std::string to = "rooms a,b except c";
  for (const auto& shard : host.shard) {
    CHECK(shard->calls == Names{"deliver [\"e\",1] " + to + " volatile", "join x,y " + to, "leave x,y " + to,
                                "disconnect " + to, "close " + to});
  }
  CHECK(memory.counters().broadcasts == 1);
}

TEST_CASE("in-memory adapter: sockets and rooms of all shards are put together") {
  Host host(2);
  InMemoryAdapter memory(host);
  host.shard[0]->socket_names = {"a"};
  host.shard[1]->socket_names = {"b", "c"};
  host.shard[0]->room_names = {"x", "b"};
  host.shard[1]->room_names = {"x", "a"};
  std::optional<adapter::FetchedSockets> fetched;
  memory.fetch({}, [&](adapter::FetchedSockets result) { fetched = std::move(result); });
  REQUIRE(fetched.has_value());
  CHECK(fetched->sockets.count == 3);
  CHECK(fetched->sockets.packed.text() ==
        "\xa1"
        "a\xa1"
        "b\xa1"
        "c");
  CHECK(fetched->servers_missing == 0);
  Names rooms;
  memory.all_rooms([&rooms](const Names& all) { rooms = all; });
  CHECK(rooms == Names{"a", "b", "x"});
}

TEST_CASE("in-memory adapter: there is one server, and nobody to hear server-side events") {
  Host host;
  InMemoryAdapter memory(host);
  std::size_t count = 0;
  memory.server_count([&count](std::size_t servers) { count = servers; });
  CHECK(count == 1);
  memory.apply(Operation::server_side({}, event("e").bytes()));
  bool answered = false;
  memory.server_side_emit_with_ack(event("e").bytes(), [&answered](const adapter::ServerAnswers& answers) {
    answered = !answers.timed_out && answers.servers_asked == 0 && answers.answers.empty();
  });
  CHECK(answered);
  CHECK(host.shard[0]->calls.empty());
}

TEST_CASE("in-memory adapter: acks are complete when everybody who was asked has answered") {
  Asking asking(2);
  asking.host.shard[0]->client_count = 2;
  asking.host.shard[1]->client_count = 1;
  asking.ask();
  CHECK(asking.host.shard[0]->asked[0].ack_id == asking.host.shard[1]->asked[0].ack_id);
  CHECK(asking.host.shard[0]->asked[0].timeout_ms == adapter::Adapter::ack_timeout_ms);
  asking.answer(1, "first");
  asking.answer(0, "second");
  asking.host.time.advance(0);
  CHECK_FALSE(asking.summary);
  asking.answer(0, "third");
  CHECK_FALSE(asking.summary);  // not inside the call that brought it
  asking.host.time.advance(0);
  REQUIRE(asking.summary);
  CHECK_FALSE(asking.summary->timed_out);
  CHECK(asking.summary->clients_asked == 3);
  CHECK(asking.summary->clients_missing() == 0);
  CHECK(asking.arrived == Names{R"(["first"])", R"(["second"])", R"(["third"])"});
  CHECK(asking.summary->acks.size() == 3);
  asking.answer(0, "late");  // counted by nobody
  CHECK(asking.arrived.size() == 3);
  CHECK(asking.host.time.timer_count() == 0);
}

TEST_CASE("in-memory adapter: acks that do not come are missed at the deadline") {
  Asking asking;
  asking.host.shard[0]->client_count = 2;
  asking.ask(Flags().set_timeout_ms(50));
  CHECK(asking.host.shard[0]->asked[0].timeout_ms == 50);
  asking.answer(0, "one");
  asking.host.time.advance(49);
  CHECK_FALSE(asking.summary);
  asking.host.time.advance(1);
  REQUIRE(asking.summary);
  CHECK(asking.summary->timed_out);
  CHECK(asking.summary->clients_missing() == 1);
  CHECK(asking.summary->servers_missing == 0);
  asking.answer(0, "late");
  CHECK(asking.arrived.size() == 1);
}

TEST_CASE("in-memory adapter: with nobody to ask, the answer comes at once, but later than the call") {
  Asking asking;
  asking.ask();
  CHECK_FALSE(asking.summary);
  asking.host.time.advance(0);
  REQUIRE(asking.summary);
  CHECK_FALSE(asking.summary->timed_out);
  CHECK(asking.summary->clients_asked == 0);
}

TEST_CASE("in-memory adapter: the ids of acks count up") {
  Asking asking;
  asking.host.shard[0]->client_count = 1;
  asking.memory.broadcast_with_ack({}, event("e").bytes(), nullptr, [](const AckSummary&) {});
  asking.ask();
  CHECK(asking.host.shard[0]->asked[0].ack_id == 0);
  CHECK(asking.host.shard[0]->asked[1].ack_id == 1);
}

TEST_CASE("in-memory adapter: its end ends what waits, with what came until then") {
  for (const bool complete : {false, true}) {
    CAPTURE(complete);
    Asking asking;
    asking.host.shard[0]->client_count = 2;
    asking.ask();
    asking.answer(0, "one");
    if (complete) {
      asking.answer(0, "two");  // to be told in the next turn, which does not come
    }
    asking.memory.close();
    REQUIRE(asking.summary);
    CHECK(asking.summary->timed_out != complete);
    CHECK(asking.summary->acks.size() == (complete ? 2 : 1));
    CHECK(asking.host.time.timer_count() == 0);
  }
}

TEST_CASE("in-memory adapter: what waits ends once when the adapter is destroyed, closed before or not") {
  for (const bool closed : {false, true}) {
    CAPTURE(closed);
    Host host;
    host.shard[0]->client_count = 1;
    int ended = 0;
    {
      InMemoryAdapter memory(host);
      memory.broadcast_with_ack({}, event("e").bytes(), nullptr, [&ended](const AckSummary&) { ++ended; });
      if (closed) {
        memory.close();
      }
    }
    CHECK(ended == 1);
    CHECK(host.time.timer_count() == 0);
  }
}

}  // namespace in_memory_test
