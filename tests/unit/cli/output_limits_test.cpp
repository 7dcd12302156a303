#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include <socketio/common/error.hpp>

#include "emit/output_limits.hpp"
#include "emit/output_room.hpp"
#include "common/values.hpp"

namespace output_limits_test {

using namespace socketio;
using namespace socketio::cli;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t megabyte = std::uint64_t{1} << 20;
const OutputRoom::Time start{1h};

Operation event(std::size_t bytes) {
  Operation operation;
  operation.target.nsp = "/";
  const std::vector<std::string> arguments{std::string(bytes, 'y')};
  values::pack_event(operation.data, "x", arguments, true);
  return operation;
}

OutputLimits limit(std::uint64_t bytes) { return output_limits_in("pubsub " + std::to_string(bytes) + " 0 0"); }

bool is_refused(const Operation& operation, const OutputLimits& limits) {
  try {
    MessageSizes(Options()).for_subscribers(operation, limits);
    return false;
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::too_large);
    return true;
  }
}

}  // namespace

TEST_CASE("output limits: the classes of Redis' setting are read; what is missing is as Redis has it by default") {
  const OutputLimits limits = output_limits_in("normal 10 0 0 slave 268435456 67108864 60 pubsub 512000 4096 7");
  CHECK(limits.subscribers.hard_bytes == 512'000);
  CHECK(limits.subscribers.soft_bytes == 4'096);
  CHECK(limits.subscribers.soft_for == 7s);
  CHECK(limits.stream_readers.hard_bytes == 10);
  for (const char* strange : {"", "pubsub", "pubsub x 1 2", "normal 0 0"}) {
    CHECK(output_limits_in(strange).subscribers.hard_bytes == 32 * megabyte);
    CHECK(output_limits_in(strange).subscribers.soft_for == 60s);
  }
}

TEST_CASE("message sizes: a message counts as Redis' allocator keeps it") {
  CHECK(is_refused(event(30'000'000), limit(32 * megabyte)));  // takes 32 MB
  CHECK_FALSE(is_refused(event(29'000'000), limit(32 * megabyte)));
  CHECK(is_refused(event(700'000), limit(512'000)));
  CHECK_FALSE(is_refused(event(300'000), limit(512'000)));
  CHECK(is_refused(event(60'000), limit(50'000)));
  CHECK_FALSE(is_refused(event(60'000'000), limit(0)));
}

TEST_CASE("message sizes: names of rooms count as arguments do") {
  Operation to = event(1);
  Operation except = event(1);
  Operation join;
  join.op = Op::join;
  join.target.nsp = "/";
  for (int number = 0; number < 1'000; ++number) {
    const std::string name = std::string(700, 'r') + std::to_string(number);
    to.target.rooms.emplace_back(name);
    except.target.except.emplace_back(name);
    join.rooms.emplace_back(name);
  }
  for (const Operation* operation : {&to, &except, &join}) {
    CHECK(is_refused(*operation, limit(512'000)));
    CHECK(MessageSizes(Options()).for_subscribers(*operation, OutputLimits()) > 700'000);
  }
}

TEST_CASE("output room: who had something before the batch began may get more, unless that crosses a limit") {
  const OutputRoom room(OutputLimits().subscribers);  // 32 MB at once, 8 MB for a minute; 4 MB go out between two looks
  CHECK(room.may_grow(3'000'000));
  CHECK_FALSE(room.may_grow(7'000'000));
  CHECK(room.may_grow(12'000'000));
  CHECK_FALSE(room.may_grow(30'000'000));
}

TEST_CASE("output room: large messages go one by one, each when the one before is read") {
  OutputRoom room(OutputLimits().subscribers);
  const std::uint64_t size = 20 * megabyte;
  CHECK_FALSE(room.is_easy(size));  // it is measured first
  room.measured(0, 0, start);
  CHECK(room.has_cleared(size, start));
  room.sent(size, start);
  room.measured(0, size, start);  // on its way to Redis: as good as kept there
  CHECK_FALSE(room.has_cleared(size, start));
  CHECK_FALSE(room.fits(size));
  room.measured(size, 0, start);
  CHECK_FALSE(room.fits(size));
  CHECK_FALSE(room.fits(100));  // above the soft limit
  room.measured(10'000, 0, start);
  CHECK(room.has_cleared(size, start));
}

TEST_CASE("output room: small messages are measured far below the limits, also below small ones") {
  for (const auto& [setting, high] : {std::pair{"pubsub 33554432 8388608 60", 4 * megabyte},
                                      {"pubsub 4194304 0 0", megabyte},
                                      {"pubsub 33554432 1048576 60", megabyte / 2},
                                      {"pubsub 0 0 0", 4 * megabyte}}) {
    OutputRoom room(output_limits_in(setting).subscribers);
    std::uint64_t sent = 0;
    for (; room.is_easy(100); sent += 100) {
      room.sent(100, start);
    }
    CHECK(sent <= high);
    CHECK(sent > high - 200);
    room.measured(high, 0, start);
    CHECK_FALSE(room.has_cleared(100, start));
    CHECK(room.fits(100));
    room.grant();  // nobody reads, but there is room: some more is sent before it is measured again
    CHECK(room.is_easy(100));
    CHECK_FALSE(room.is_easy(high));
  }
}

TEST_CASE("output room: before the time of the soft limit has passed, Redis sees that it is not reached any more") {
  OutputRoom room(output_limits_in("pubsub 33554432 8388608 60").subscribers);
  const std::uint64_t size = 10 * megabyte;
  auto now = start;
  for (; now < start + 30s; now += 1s) {
    room.measured(0, 0, now);
    REQUIRE(room.has_cleared(size, now));
    room.sent(size, now);
    room.measured(size, 0, now + 500ms);
  }
  room.measured(0, 0, now);
  CHECK(room.rests(size, now));
  CHECK_FALSE(room.has_cleared(size, now));
  CHECK(room.has_cleared(100, now));
  room.measured(0, 0, now + 1s);
  CHECK_FALSE(room.has_cleared(size, now + 1s));
  room.measured(0, 0, now + 1'300ms);
  CHECK(room.has_cleared(size, now + 1'300ms));
}

}  // namespace output_limits_test
