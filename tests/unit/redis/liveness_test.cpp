#include <doctest/doctest.h>

#include <optional>

#include "liveness.hpp"

namespace liveness_test {

using namespace socketio::redis;

namespace {

using Kind = Liveness::Verdict::Kind;

Liveness connected_at(std::uint64_t now_ms) {
  Liveness liveness(1'000, 300);
  liveness.on_connected(now_ms);
  return liveness;
}

}  // namespace

TEST_CASE("liveness: nothing is checked while nothing is pending") {
  const Liveness liveness = connected_at(0);
  CHECK(liveness.check_replies(5'000, std::nullopt, false).kind == Kind::idle);
}

TEST_CASE("liveness: a connection is dead when a reply is pending and nothing was received for the timeout") {
  Liveness liveness = connected_at(0);
  liveness.on_read(100);

  const auto early = liveness.check_replies(1'050, 200, false);
  CHECK(early.kind == Kind::wait);
  CHECK(early.wait_ms == 150);
  CHECK(liveness.check_replies(1'200, 200, false).kind == Kind::dead);
}

TEST_CASE("liveness: any byte from Redis starts the timeout again") {
  Liveness liveness = connected_at(0);
  liveness.on_read(900);

  const auto verdict = liveness.check_replies(1'000, 0, false);

  CHECK(verdict.kind == Kind::wait);
  CHECK(verdict.wait_ms == 900);
}

TEST_CASE("liveness: bytes that the system does not take, and confirmations, time out as replies do") {
  Liveness liveness = connected_at(0);
  liveness.on_write(400);

  CHECK(liveness.check_replies(1'300, std::nullopt, true).wait_ms == 100);
  CHECK(liveness.check_replies(1'400, std::nullopt, true).kind == Kind::dead);
}

TEST_CASE("liveness: a time before the last event is no silence") {
  const Liveness liveness = connected_at(500);
  CHECK(liveness.check_replies(400, 450, false).wait_ms == 1'000);
}

TEST_CASE("liveness: a reply that is later than a tenth of the timeout stalls the writing of commands") {
  const Liveness liveness = connected_at(0);
  CHECK_FALSE(liveness.is_stalled(300, 200));
  CHECK(liveness.is_stalled(301, 200));
  CHECK_FALSE(Liveness(0, 0).is_stalled(1'000'000, 0));
}

TEST_CASE("liveness: PING is sent after the silence of keepalive_ms, and its reply is pending then") {
  Liveness liveness = connected_at(0);
  liveness.on_read(100);
  liveness.on_write(100);

  const auto early = liveness.keep_alive(300, true);
  CHECK_FALSE(early.sends_ping);
  CHECK(early.wait_ms == 100);
  const auto due = liveness.keep_alive(400, true);
  CHECK(due.sends_ping);
  CHECK(due.wait_ms == 300);

  CHECK(liveness.pong_pending());
  CHECK(liveness.check_replies(1'099, std::nullopt, false).kind == Kind::wait);
  CHECK(liveness.check_replies(1'100, std::nullopt, false).kind == Kind::dead);
  CHECK_FALSE(liveness.keep_alive(800, true).sends_ping);  // one is pending
  CHECK(liveness.take_pong());
  CHECK_FALSE(liveness.take_pong());
}

TEST_CASE("liveness: no PING is sent while something else is pending") {
  Liveness liveness = connected_at(0);
  CHECK_FALSE(liveness.keep_alive(10'000, false).sends_ping);
  CHECK_FALSE(liveness.pong_pending());
}

TEST_CASE("liveness: a new connection has no reply to PING pending") {
  Liveness liveness = connected_at(0);
  liveness.keep_alive(300, true);
  liveness.on_connected(400);
  CHECK_FALSE(liveness.pong_pending());
}

TEST_CASE("liveness: without a timeout nothing is checked") {
  CHECK_FALSE(Liveness(0, 300).first_check_ms());
  CHECK(Liveness(1'000, 0).first_check_ms() == 1'000);
}

}  // namespace liveness_test
