#include <socketio/emitter/throttle.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace throttle_test {

using namespace socketio::emitter;
using namespace std::chrono_literals;
using Result = Throttle::Result;

namespace {

constexpr std::uint64_t megabyte = std::uint64_t{1} << 20;
const OutputRoom::Time start{1h};

/// A sender whose Redis reports the given states one after the other, the last one for ever.
class ScriptedHost final : public Throttle::Host {
 public:
  [[nodiscard]] Throttle::Fleet fleet() const override { return its_fleet; }
  bool read(Readers& readers, std::chrono::milliseconds) override {
    ++reads;
    if (!may) {
      return false;
    }
    readers = states.front();
    if (states.size() > 1) {
      states.erase(states.begin());
    }
    return true;
  }
  [[nodiscard]] bool may_read() const override { return may; }
  bool is_connected() override { return true; }
  std::uint64_t under_way_bytes() override { return 0; }
  void make_way(std::chrono::milliseconds) override {}
  bool settle() override { return true; }
  bool pause(std::chrono::milliseconds) override { return true; }
  void on_slow() override { ++slow; }
  void on_blind() override { ++blind; }

  Throttle::Fleet its_fleet;
  std::vector<Readers> states;
  bool may = true;
  int reads = 0;
  int slow = 0;
  int blind = 0;
};

Readers subscriber(const std::string& id, std::uint64_t kept_bytes) {
  Readers readers;
  if (kept_bytes != 0) {
    readers.kept_bytes[id] = kept_bytes;
  }
  return readers;
}

Readers reader(const std::string& id, bool waits, std::chrono::seconds idle) {
  Readers readers;
  readers.of_streams[id] = {waits, idle};
  return readers;
}

}  // namespace

TEST_CASE("server watch: slow subscribers and the readers of streams are seen in CLIENT LIST, our own tools are not") {
  const Readers readers = readers_in(
      "id=3 addr=127.0.0.1:1 name= flags=P sub=1 psub=1 ssub=0 omem=20 cmd=psubscribe user=default\n"
      "id=4 addr=127.0.0.1:2 name=x flags=P sub=0 psub=0 ssub=2 omem=700 cmd=ssubscribe user=default\n"
      "id=5 addr=127.0.0.1:3 name=socketio-fleet-tap flags=P sub=0 psub=1 ssub=0 omem=9000 cmd=psubscribe\n"
      "id=6 addr=127.0.0.1:4 name= flags=N sub=0 psub=0 omem=5000 cmd=client|list\n"
      "id=7 addr=127.0.0.1:5 name= flags=b sub=0 psub=0 omem=0 cmd=xread\n"
      "id=8 addr=127.0.0.1:6 name= age=9 idle=7 flags=N sub=0 psub=0 omem=0 cmd=xread\n");
  CHECK(readers.kept_bytes == decltype(readers.kept_bytes){{"id=3", 20}, {"id=4", 700}});
  REQUIRE(readers.of_streams.size() == 2);
  CHECK(readers.of_streams.at("id=7").waits);
  CHECK_FALSE(readers.of_streams.at("id=8").waits);
  CHECK(readers.of_streams.at("id=8").idle.count() == 7);
  CHECK(readers_in("").of_streams.empty());
  const Readers of_nodes = readers_in(
      "id=3 addr=127.0.0.1:1 laddr=127.0.0.1:7000 flags=P sub=1 psub=1 ssub=0 omem=20 cmd=psubscribe\n"
      "id=3 addr=127.0.0.1:2 laddr=127.0.0.1:7001 flags=P sub=1 psub=1 ssub=0 omem=900 cmd=psubscribe\n");
  CHECK(of_nodes.kept_bytes.size() == 2);
}

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

TEST_CASE("output room: who had something before the sender began may get more, unless that crosses a limit") {
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

TEST_CASE("throttle: below some megabytes it asks nothing; then it waits while a subscriber reads slowly") {
  ScriptedHost host;
  host.states = {subscriber("7", 0)};
  Throttle throttle(host, 20s);
  throttle.begin(OutputLimits().subscribers);
  const int begun = host.reads;
  for (std::uint64_t sent = 0; sent < 4 * megabyte; sent += megabyte) {
    CHECK(throttle.make_room(megabyte) == Result::go_on);
    throttle.sent(megabyte);
  }
  CHECK(host.reads == begun);
  CHECK(throttle.easy_bytes() == 0);
  host.states = {subscriber("7", 6 * megabyte), subscriber("7", 3 * megabyte), subscriber("7", 100)};
  CHECK(throttle.make_room(megabyte) == Result::go_on);
  CHECK(host.states.size() == 1);
  CHECK(host.slow == 2);
  CHECK(throttle.easy_bytes() == 4 * megabyte - 100);
}

TEST_CASE("throttle: a subscriber that reads nothing stalls the sender once; it is not waited for after give_up()") {
  ScriptedHost host;
  host.states = {subscriber("7", 0)};
  Throttle throttle(host, 20ms);
  throttle.begin(output_limits_in("pubsub 4194304 0 0").subscribers);
  throttle.sent(4 * megabyte - 1);
  host.states = {subscriber("7", 4 * megabyte - 1)};
  CHECK(throttle.make_room(1'000) == Result::stalled);
  CHECK_FALSE(throttle.stalled().is_stream);
  CHECK(throttle.stalled().kept_bytes == 4 * megabyte - 1);
  CHECK(throttle.give_up() == 1);
  CHECK(throttle.make_room(1'000) == Result::go_on);
  throttle.sent(megabyte);
  host.states = {subscriber("7", 5 * megabyte - 1)};
  CHECK(throttle.make_room(1'000) == Result::go_on);
}

TEST_CASE("throttle: subscribers that have read nothing for the same time are given up together") {
  ScriptedHost host;
  host.states = {{}};
  Throttle throttle(host, 20ms);
  throttle.begin(output_limits_in("pubsub 4194304 0 0").subscribers);
  throttle.sent(4 * megabyte - 1);
  Readers hung = subscriber("7", 4 * megabyte - 1);
  hung.kept_bytes["8"] = 3 * megabyte;
  host.states = {hung};
  CHECK(throttle.make_room(1'000) == Result::stalled);
  CHECK(throttle.give_up() == 2);
  CHECK(throttle.make_room(1'000) == Result::go_on);
}

TEST_CASE("throttle: without the right to list clients it sends on") {
  ScriptedHost host;
  host.may = false;
  host.its_fleet.stream_length_max = 4;
  Throttle throttle(host, 20s);
  throttle.begin(OutputLimits().subscribers);
  throttle.sent(9 * megabyte);
  CHECK(throttle.make_room(megabyte) == Result::go_on);
  CHECK(host.blind == 2);  // neither subscribers nor readers of the stream
  CHECK(throttle.easy_entries() == 1);
}

TEST_CASE(
    "throttle: where Redis limits what readers of streams get in one reply, a quarter of that is added before they are waited "
    "for") {
  ScriptedHost host;
  host.its_fleet = {false, 10'000};
  Throttle throttle(host, 20s);
  throttle.begin({}, output_limits_in("normal 4194304 0 0").stream_readers);
  CHECK(throttle.easy_entry_bytes() == megabyte);
  CHECK(throttle.make_room(0, 2 * megabyte) == Result::go_on);  // alone
  throttle.sent(0, 1, megabyte - 100);
  CHECK(throttle.make_room(0, 100) == Result::go_on);
  CHECK(host.reads == 0);
  host.states = {reader("9", false, 0s), reader("9", true, 0s)};
  CHECK(throttle.make_room(0, 101) == Result::go_on);
  CHECK(host.reads == 2);
  CHECK(throttle.easy_entry_bytes() == megabyte);
  throttle.begin({}, output_limits_in("normal 0 1048576 60").stream_readers);
  CHECK(throttle.easy_entry_bytes() == megabyte / 2);
  throttle.begin({}, OutputLimits().stream_readers);
  CHECK(throttle.easy_entry_bytes() == UINT64_MAX);
}

TEST_CASE("throttle: a quarter of a stream is added before its readers are waited for") {
  ScriptedHost host;
  host.its_fleet = {false, 400};
  Throttle throttle(host, 20ms);
  throttle.begin(OutputLimits().subscribers);
  CHECK(throttle.easy_entries() == 100);
  throttle.sent(0, 99);
  CHECK(throttle.make_room(0) == Result::go_on);
  CHECK(host.reads == 0);
  throttle.sent(0, 1);
  host.states = {reader("9", false, 0s), reader("9", false, 0s), reader("9", true, 0s)};
  CHECK(throttle.make_room(0) == Result::go_on);
  CHECK(host.reads == 3);
  CHECK(throttle.easy_entries() == 100);

  SUBCASE("one that reads nothing stalls the sender, and may be given up") {
    throttle.sent(0, 100);
    host.states = {reader("9", false, 60s)};
    CHECK(throttle.make_room(0) == Result::stalled);
    CHECK(throttle.stalled().is_stream);
    CHECK(throttle.stalled().readers == 1);
    CHECK(throttle.stalled().standing == 1);
    CHECK(throttle.stalled().entries == 100);
    CHECK(throttle.give_up() == 1);
    CHECK(throttle.make_room(0) == Result::go_on);
  }
  SUBCASE("a connection that reads all the time and never waits for an entry is not waited for without end") {
    throttle.sent(0, 100);
    host.states = {reader("9", false, 0s)};
    CHECK(throttle.make_room(0) == Result::go_on);
  }
}

}  // namespace throttle_test
