// The emitter without a loop, and a real redis-server.

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <socketio/emitter.hpp>
#include <socketio/protocol/broadcast.hpp>
#include <support/golden.hpp>
#include <support/quick_options.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

namespace emitter_test {

using namespace recorders;
using namespace std::chrono_literals;
using redis::Outcome;

namespace {

/// A subscriber in place of the fleet's servers.
class Listening {
 public:
  explicit Listening(const support::RedisServer& server, const std::string& pattern = "socket.io*")
      : client_(loop_, options(server)) {
    client_.subscribe(redis::SubscriptionKind::pattern, pattern, received_);
    client_.connect();
    REQUIRE(wait_ready(loop_, client_));
  }
  /// Waits until `count` messages have been received.
  const std::vector<Messages::One>& wait_for(std::size_t count) {
    wait(loop_, [this, count] { return received_.messages.size() >= count; });
    REQUIRE(received_.messages.size() == count);
    return received_.messages;
  }
  /// Waits until the client has noticed the crash of Redis and has reconnected.
  void ready_again() {
    REQUIRE(wait(loop_, [this] { return client_.counters().connects == 2 && client_.state() == redis::State::ready; }));
  }
  /// Waits for an event named "end".
  const std::vector<Messages::One>& until_end() {
    REQUIRE(wait(loop_, [this] {
      return !received_.messages.empty() && received_.messages.back().payload.find(
                                                "\xa3"
                                                "end") != std::string::npos;
    }));
    return received_.messages;
  }

 private:
  static redis::Options options(const support::RedisServer& server) {
    redis::Options options = redis::parse_url(server.url());
    options.backoff_min = std::chrono::milliseconds(2);
    options.backoff_max = std::chrono::milliseconds(20);
    return options;
  }

  Loop loop_;
  Messages received_;
  redis::Client client_;
};

/// The arguments of a published event, event first.
golden::Json event(const Messages::One& message) { return golden::to_notation(as_bytes(message.payload))[1]["data"]; }

redis::Options quick(const support::RedisServer& server) { return support::quick(server.url()); }

}  // namespace

TEST_CASE("emitter: what is emitted is out and counted when flush() returns") {
  support::RedisServer server;
  Listening fleet(server);
  Emitter io(server.url());
  io.to("kitchen").emit("order", 42, "tea");
  io.of("/admin").server_side_emit("refresh");
  const EmitSummary summary = io.flush(20s);
  CHECK(summary.ok());
  CHECK(summary.confirmed == 2);
  CHECK(summary.receivers_min == 1);
  CHECK(summary.receivers_max == 1);
  CHECK(summary.no_receivers == 0);
  const auto& messages = fleet.wait_for(2);
  CHECK(messages[0].channel == "socket.io#/#kitchen#");
  CHECK(event(messages[0]) == golden::Json{"order", 42, "tea"});
  CHECK(messages[1].channel == "socket.io-request#/admin#");
  CHECK(messages[1].payload == R"({"uid":"emitter","type":6,"data":["refresh"]})");
}

TEST_CASE("emitter: what is emitted to an empty list of rooms reaches nobody, is checked and counted") {
  support::RedisServer server;
  Listening fleet(server);
  std::vector<EmitResult> results;
  EmitterOptions options;
  options.on_result = [&](const EmitResult& result) { results.push_back(result); };
  Emitter io(server.url(), options);
  const std::vector<Room> none;
  io.to(none).emit("secret");
  io.to(none).sockets_join("a");
  io.to(none).sockets_leave("a");
  io.to(none).disconnect_sockets(true);
  CHECK_THROWS_AS(io.to(none).emit("connect"), Error);
  io.emit("end");
  const EmitSummary summary = io.flush(20s);
  CHECK(summary.ok());
  CHECK(summary.selected_nobody == 4);
  CHECK(summary.confirmed == 1);
  CHECK(summary.no_receivers == 0);
  REQUIRE(results.size() == 5);
  CHECK(results[3].selected_nobody);
  CHECK(results[3].receivers == 0);
  CHECK(fleet.until_end().size() == 1);
}

TEST_CASE("emitter: each flush() tells of the emits since the one before, totals() of all") {
  support::RedisServer server;
  Emitter io(server.unix_url());
  io.emit("a");
  CHECK(io.flush(20s).confirmed == 1);
  io.emit("b");
  io.emit("c");
  const EmitSummary second = io.flush(20s);
  CHECK(second.confirmed == 2);
  CHECK(second.no_receivers == 2);
  CHECK(io.flush(20s).confirmed == 0);
  CHECK(io.totals().confirmed == 3);
}

TEST_CASE("emitter: on_result hears of each emit once, and may emit itself") {
  support::RedisServer server;
  std::vector<EmitResult> results;
  Emitter* emitter = nullptr;
  EmitterOptions options;
  options.on_result = [&](const EmitResult& result) {
    results.push_back(result);
    if (results.size() == 1) {
      emitter->emit("again");
    }
  };
  Emitter io(server.url(), options);
  emitter = &io;
  const EmitId first = io.emit("once");
  CHECK(io.flush(20s).ok());
  CHECK(io.flush(20s).ok());
  REQUIRE(results.size() == 2);
  CHECK(results[0].id == first);
  CHECK(results[1].id == first + 1);
  CHECK(results[1].outcome == Outcome::ok);
}

TEST_CASE("emitter: four threads emit at once, and each one's emits stay in order") {
  support::RedisServer server;
  Listening fleet(server);
  Emitter io(server.url());
  constexpr int threads = 4;
  constexpr int each = 2'000;
  std::vector<std::thread> running;
  for (int thread = 0; thread < threads; ++thread) {
    running.emplace_back([&io, thread] {
      const auto room = io.to("room" + std::to_string(thread));
      for (int i = 0; i < each; ++i) {
        room.emit("n", thread, i);
      }
    });
  }
  for (std::thread& thread : running) {
    thread.join();
  }
  CHECK(io.flush(20s).confirmed == threads * each);
  std::map<int, int> next;
  bool in_order = true;
  for (const Messages::One& message : fleet.wait_for(threads * each)) {
    const golden::Json data = event(message);
    in_order = in_order && data[2].get<int>() == next[data[1].get<int>()]++;
  }
  CHECK(in_order);
}

TEST_CASE("emitter: with nobody at the other end, flush() returns at its deadline and says why") {
  std::string url;
  {
    support::RedisServer gone;
    url = gone.url();
  }
  EmitterOptions options;
  options.close_timeout = std::chrono::milliseconds(0);
  std::vector<std::string> logged;
  redis::Options redis = redis::parse_url(url);
  redis.log = [&logged](const redis::LogRecord& record) {
    if (record.level == redis::LogLevel::error) {
      logged.emplace_back(record.message);
    }
  };
  {
    Emitter io(redis, options);
    CHECK(io.connect(20s).find("refused") != std::string::npos);
    io.emit("lost");
    const EmitSummary summary = io.flush(50ms);
    CHECK_FALSE(summary.ok());
    CHECK(summary.waiting == 1);
    CHECK(summary.message.find("refused") != std::string::npos);
  }
  REQUIRE_FALSE(logged.empty());
  CHECK(logged.back().find("Emits were lost") != std::string::npos);
}

TEST_CASE("emitter: close() ends what waits, and emitting afterwards is an error") {
  std::string url;
  {
    support::RedisServer gone;
    url = gone.url();
  }
  std::vector<Outcome> outcomes;
  EmitterOptions options;
  options.on_result = [&](const EmitResult& result) { outcomes.push_back(result.outcome); };
  Emitter io(url, options);
  io.emit("a");
  io.emit("b");
  const EmitSummary summary = io.close(10ms);
  CHECK(summary.not_sent == 2);
  CHECK(summary.waiting == 0);
  CHECK(outcomes == std::vector{Outcome::not_sent, Outcome::not_sent});
  CHECK_THROWS_AS(io.emit("c"), Error);
}

TEST_CASE("emitter: a full queue makes emit() wait as long as it may, then fail, and never grow") {
  std::string url;
  {
    support::RedisServer gone;
    url = gone.url();
  }
  redis::Options redis = redis::parse_url(url);
  redis.queue_bytes_max = 10'000;
  EmitterOptions options;
  options.full_queue_wait = std::chrono::milliseconds(30);
  Emitter io(redis, options);
  const std::string text(1'000, 'x');
  for (int i = 0; i < 100; ++i) {
    io.emit("e", text);
  }
  const EmitSummary summary = io.close(0ms);
  CHECK(summary.not_sent == 100);
  CHECK(io.redis_counters().not_sent_queue_full > 80);
}

TEST_CASE("emitter: an emit that an ACL forbids is refused with Redis' words; the others go through") {
  support::RedisServer server;
  CHECK(server.ask({"ACL", "SETUSER", "job", "on", ">secret", "+publish", "&socket.io#/#kitchen#"}) == "+OK");
  redis::Options redis = redis::parse_url(server.url());
  redis.username = "job";
  redis.password = "secret";
  std::map<EmitId, Outcome> outcomes;
  EmitterOptions options;
  options.on_result = [&](const EmitResult& result) { outcomes[result.id] = result.outcome; };
  Emitter io(redis, options);
  const EmitId allowed = io.to("kitchen").emit("e");
  const EmitId forbidden = io.to("office").emit("e");
  const EmitSummary summary = io.flush(20s);
  CHECK(summary.confirmed == 1);
  CHECK(summary.refused == 1);
  CHECK(summary.message.find("NOPERM") != std::string::npos);
  CHECK(outcomes[allowed] == Outcome::ok);
  CHECK(outcomes[forbidden] == Outcome::refused);
}

TEST_CASE("emitter: Redis is killed in the middle of a job and comes back: every emit is accounted for, in order, none twice") {
  support::RedisServer server;
  Listening fleet(server);
  std::map<EmitId, Outcome> outcomes;
  EmitterOptions options;
  options.on_result = [&](const EmitResult& result) { CHECK(outcomes.emplace(result.id, result.outcome).second); };
  Emitter io(quick(server), options);
  constexpr int count = 30'000;
  for (int i = 0; i < count; ++i) {
    if (i == count / 3) {
      server.kill();
    }
    if (i == count / 2) {
      server.start();
      fleet.ready_again();
    }
    io.emit("n", i);
  }
  const EmitSummary summary = io.flush(20s);
  CHECK(summary.waiting == 0);
  CHECK(summary.failed() == 0);
  CHECK(summary.confirmed + summary.unconfirmed == count);
  CHECK(outcomes.size() == count);
  io.emit("end");
  CHECK(io.flush(20s).receivers_min == 1);
  // All emits after the fleet was back have arrived, and a part of the earlier ones.
  int last = -1;
  bool in_order = true;
  std::size_t received = 0;
  for (const Messages::One& message : fleet.until_end()) {
    const golden::Json data = event(message);
    if (data[0] == "n") {
      in_order = in_order && data[1].get<int>() > last;
      last = data[1].get<int>();
      ++received;
    }
  }
  CHECK(in_order);
  CHECK(received <= summary.confirmed + summary.unconfirmed);
}

}  // namespace emitter_test
