// Closing of adapters, in every family: pending operations complete, and late responses are ignored.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <socketio/common/error.hpp>
#include <socketio/common/limits.hpp>

#include "each_family.hpp"

namespace life_test {

using namespace nodes;

namespace {

/// One request of each kind, all sent at once.
struct Questions {
  Ending<FetchedSockets> fetched;
  Ending<FetchedSockets> local;
  Ending<std::vector<std::string>> rooms;
  Ending<ServerAnswers> answers;
  Ending<AckSummary> acks;
  Ending<AckSummary> acks_of_nobody;

  void ask(Adapter& adapter) const {
    const std::vector<Room> nobody{Room("nobody")};
    adapter.fetch({}, fetched.callback());
    adapter.fetch({.local = true}, local.callback());
    adapter.all_rooms(rooms.callback());
    adapter.server_side_emit_with_ack(packed(R"(["ev"])").bytes(), answers.callback());
    adapter.broadcast_with_ack({}, packed(R"(["q"])").bytes(), nullptr, acks.callback());
    adapter.broadcast_with_ack({.rooms = nobody, .local = true}, packed(R"(["q"])").bytes(), nullptr,
                               acks_of_nobody.callback());
  }
  [[nodiscard]] bool all_ended_once() const {
    return fetched.count() == 1 && local.count() == 1 && rooms.count() == 1 && answers.count() == 1 && acks.count() == 1 &&
           acks_of_nobody.count() == 1;
  }
};

/// Servers with a socket each.
struct Two : Fleet {
  explicit Two(const Family& of) : Fleet(of, 2) {
    (*this)[0].host.shard().add("s0");
    (*this)[1].host.shard().add("s1").answer = "[1]";
  }
};

}  // namespace

TEST_CASE("nodes: the settings of a fleet are checked alike for every adapter") {
  socketio::StreamsOptions many;
  many.stream_count = socketio::limits::streams_max + 1;
  CHECK_THROWS_AS(socketio::streams_adapter(nullptr, many), socketio::Error);
  many.stream_count = 1;
  many.stream_length_max = 0;
  CHECK_THROWS_AS(socketio::streams_adapter(nullptr, many), socketio::Error);
  socketio::ClassicOptions classic;
  classic.key = "\xff";
  CHECK_THROWS_AS(socketio::classic_adapter(nullptr, classic), socketio::Error);
  socketio::ShardedOptions sharded;
  sharded.key = "\xff";
  CHECK_THROWS_AS(socketio::sharded_adapter(nullptr, sharded), socketio::Error);
}

TEST_CASE("nodes: closing ends everything that waits, once, and every subscription") {
  with_each_family([](const Family& family) {
    for (const bool counted : {false, true}) {
      CAPTURE(counted);
      Two fleet(family);
      Questions questions;
      questions.ask(*fleet[0].adapter);
      if (counted) {
        fleet.redis.faults.lost_percent = 100;  // the responses
        fleet.time.advance(1);
      }
      fleet[0].adapter->close();
      CHECK(questions.all_ended_once());
      CHECK(questions.acks->timed_out);
      CHECK(questions.fetched->servers_missing == 1);
      CHECK(fleet[0].bus->subscription_count() == 0);
      fleet.redis.faults.lost_percent = 0;
      fleet.time.advance(100'000);
      CHECK(questions.all_ended_once());
      fleet[0].adapter->close();
      CHECK(questions.all_ended_once());
    }
  });
}

TEST_CASE("nodes: destroying ends everything that waits, and what comes afterwards finds nobody") {
  with_each_family([](const Family& family) {
    for (const std::uint64_t after_ms : {0U, 3U, 8U}) {
      CAPTURE(after_ms);
      Two fleet(family);
      fleet.redis.faults.delay_ms_max = 6;
      Questions questions;
      questions.ask(*fleet[0].adapter);
      fleet.time.advance(after_ms);
      fleet[0].adapter.reset();
      CHECK(questions.all_ended_once());
      fleet.time.advance(100'000);
      CHECK(questions.all_ended_once());
      CHECK(fleet.time.timer_count() == 0);
    }
  });
}

TEST_CASE("nodes: a broadcast with acks that is complete but not yet told is told when its adapter closes, as complete") {
  with_each_family([](const Family& family) {
    Fleet fleet(family, 1);
    Ending<AckSummary> acks;
    fleet[0].adapter->broadcast_with_ack({.local = true}, packed(R"(["q"])").bytes(), nullptr, acks.callback());
    CHECK(acks.count() == 0);
    fleet[0].adapter->close();
    REQUIRE(acks.count() == 1);
    CHECK_FALSE(acks->timed_out);
    fleet[0].adapter.reset();
    fleet.time.settle();
    CHECK(acks.count() == 1);
  });
}

TEST_CASE("nodes: a closed adapter serves its own sockets, says nothing, and ends what it is asked") {
  with_each_family([](const Family& family) {
    Two fleet(family);
    fleet[0].adapter->close();
    const std::vector<Room> rooms{Room("r")};
    const std::size_t said = fleet.redis.published.size();
    Questions questions;
    questions.ask(*fleet[0].adapter);
    fleet[0].adapter->apply(Operation::emit({}, packed(R"(["e"])").bytes()));
    fleet[0].adapter->apply(Operation::join({}, rooms));
    fleet[0].adapter->apply(Operation::leave({}, rooms));
    fleet[0].adapter->apply(Operation::server_side({}, packed(R"(["ev"])").bytes()));
    fleet.time.advance(100'000);
    CHECK(questions.all_ended_once());
    CHECK(questions.fetched->servers_missing == 0);
    CHECK(fleet.redis.published.size() == said);
    fleet[0].adapter->apply(Operation::disconnect({}, true));
    CHECK(fleet.redis.published.size() == said);
  });
}

TEST_CASE("nodes: what was begun on a closed adapter ends with it at the latest") {
  with_each_family([](const Family& family) {
    Two fleet(family);
    fleet[0].adapter->close();
    Questions questions;
    questions.ask(*fleet[0].adapter);
    fleet[0].adapter.reset();
    CHECK(questions.all_ended_once());
    fleet.time.advance(100'000);
    CHECK(questions.all_ended_once());
  });
}

TEST_CASE("nodes: late answers of this server's own sockets find no adapter, and nobody is answered") {
  with_each_family([](const Family& family) {
    Two fleet(family);
    fleet[1].host.shard().late_ms = 50;
    Questions questions;
    questions.ask(*fleet[0].adapter);
    Questions own;
    own.ask(*fleet[1].adapter);
    fleet.time.advance(10);  // the other server has received the requests
    const std::size_t said = fleet.redis.published.size();
    fleet[1].adapter.reset();
    CHECK(own.all_ended_once());
    fleet.time.advance(100);
    for (const auto& answer : fleet[1].host.open_questions) {
      CHECK_FALSE(answer(packed("[1]").bytes()));
    }
    CHECK(fleet.redis.published.size() == said);
    fleet.time.advance(100'000);
    CHECK(questions.all_ended_once());
  });
}

TEST_CASE("nodes: a callback may ask again, also while the adapter closes") {
  with_each_family([](const Family& family) {
    Two fleet(family);
    Ending<FetchedSockets> second;
    fleet[0].adapter->fetch({}, [&](const FetchedSockets&) { fleet[0].adapter->fetch({}, second.callback()); });
    fleet[0].adapter->close();
    fleet.time.settle();
    CHECK(second.count() == 1);
  });
}

}  // namespace life_test
