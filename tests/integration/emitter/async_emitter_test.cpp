// The emitter on an application's loop, and a real redis-server.

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <socketio/emitter.hpp>
#include <support/redis_recorders.hpp>
#include <support/redis_server.hpp>

namespace async_emitter_test {

using namespace recorders;
using namespace std::chrono_literals;
using redis::Outcome;

namespace {

std::string url_of_nobody() {
  support::RedisServer gone;
  return gone.url();
}

}  // namespace

TEST_CASE("async emitter: emits go out by themselves, and their results come back on the loop") {
  support::RedisServer server;
  Loop loop;
  std::vector<EmitId> ended;
  AsyncEmitter io(loop, server.url(), [&](const EmitResult& result) {
    CHECK(result.outcome == Outcome::ok);
    ended.push_back(result.id);
  });
  const EmitId first = io.to("kitchen").emit("order", 1);
  const EmitId second = io.emit("order", 2);
  CHECK(ended.empty());
  CHECK(wait(loop, [&] { return ended.size() == 2; }));
  CHECK(ended == std::vector{first, second});
}

TEST_CASE("async emitter: an emit to an empty list of rooms publishes nothing, and ends after the call has returned") {
  support::RedisServer server;
  Loop loop;
  std::vector<EmitId> ended;
  std::optional<AsyncEmitter> io;
  io.emplace(loop, server.url(), [&](const EmitResult& result) {
    CHECK(result.selected_nobody);
    ended.push_back(result.id);
  });
  const std::vector<Room> none;
  const EmitId first = io->to(none).emit("secret");
  CHECK(ended.empty());
  std::optional<EmitSummary> summary;
  io->flush(20s, [&](const EmitSummary& done) { summary = done; });
  CHECK(wait(loop, [&] { return summary.has_value(); }));
  CHECK(ended == std::vector{first});
  CHECK(summary->selected_nobody == 1);
  CHECK(summary->waiting == 0);
  const EmitId last = io->to(none).disconnect_sockets();
  io.reset();
  CHECK(ended == std::vector{first, last});
}

TEST_CASE("async emitter: flush() is done when what was emitted before has ended, and not before it returned") {
  support::RedisServer server;
  Loop loop;
  std::size_t results = 0;
  AsyncEmitter io(loop, server.url(), [&](const EmitResult&) { ++results; });
  for (int i = 0; i < 1'000; ++i) {
    io.emit("n", i);
  }
  std::optional<EmitSummary> summary;
  io.flush(20s, [&](const EmitSummary& done) { summary = done; });
  CHECK_FALSE(summary.has_value());
  CHECK(wait(loop, [&] { return summary.has_value(); }));
  CHECK(summary->confirmed == 1'000);
  CHECK(results == 1'000);
  // Without pending emits it completes too, but not before flush() returns.
  summary.reset();
  io.flush(20s, [&](const EmitSummary& done) { summary = done; });
  CHECK_FALSE(summary.has_value());
  CHECK(wait(loop, [&] { return summary.has_value(); }));
}

TEST_CASE("async emitter: without Redis flush() is done at its deadline, with what still waits") {
  Loop loop;
  AsyncEmitter io(loop, url_of_nobody(), [](const EmitResult&) {});
  io.emit("e");
  std::optional<EmitSummary> summary;
  io.flush(30ms, [&](const EmitSummary& done) { summary = done; });
  CHECK(wait(loop, [&] { return summary.has_value(); }));
  CHECK(summary->waiting == 1);
  CHECK_FALSE(summary->message.empty());
}

TEST_CASE("async emitter: destroying it ends every emit and every flush, once") {
  Loop loop;
  std::vector<Outcome> outcomes;
  int flushed = 0;
  {
    AsyncEmitter io(loop, url_of_nobody(), [&](const EmitResult& result) { outcomes.push_back(result.outcome); });
    io.emit("a");
    io.emit("b");
    io.flush(20s, [&](const EmitSummary&) { ++flushed; });
  }
  CHECK(outcomes == std::vector{Outcome::not_sent, Outcome::not_sent});
  CHECK(flushed == 1);
}

TEST_CASE("async emitter: it may be destroyed by its own callback") {
  support::RedisServer server;
  Loop loop;
  std::unique_ptr<AsyncEmitter> io;
  std::size_t ended = 0;
  io = std::make_unique<AsyncEmitter>(loop, server.url(), [&](const EmitResult&) {
    ++ended;
    io.reset();
  });
  for (int i = 0; i < 10; ++i) {
    io->emit("n", i);
  }
  CHECK(wait(loop, [&] { return ended == 10; }));
  CHECK(io == nullptr);
}

TEST_CASE("async emitter: close() lets what waits finish, and is done once") {
  support::RedisServer server;
  Loop loop;
  AsyncEmitter io(loop, server.url(), [](const EmitResult&) {});
  io.emit("a");
  std::vector<EmitSummary> closed;
  io.close(20s, [&](const EmitSummary& done) { closed.push_back(done); });
  CHECK_THROWS_AS(io.emit("b"), Error);
  CHECK(wait(loop, [&] { return !closed.empty(); }));
  CHECK(closed.size() == 1);
  CHECK(closed[0].confirmed == 1);
}

TEST_CASE("async emitter: without a callback for results it can not be made") {
  Loop loop;
  CHECK_THROWS_AS(AsyncEmitter(loop, "redis://127.0.0.1:1", OnResult{}), Error);
}

}  // namespace async_emitter_test
