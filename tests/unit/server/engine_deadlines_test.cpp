// Many deadlines on one timer.

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <vector>

#include <socketio/net/loop.hpp>

#include "http/deadline_queue.hpp"

namespace engine_deadlines_test {

using namespace socketio;
using namespace socketio::server;

namespace {

struct Named : QueuedDeadline {
  explicit Named(int number) : name(number) {}
  int name;
};

struct Deadlines {
  Loop loop;
  std::vector<int> due;
  std::function<void(Named&)> act = [](Named&) {};
  DeadlineQueue queue{loop, 5, [this](QueuedDeadline& deadline) {
                        due.push_back(static_cast<Named&>(deadline).name);
                        act(static_cast<Named&>(deadline));
                      }};
  bool wait(std::size_t count) {
    return loop.run_until([&] { return due.size() >= count; }, std::chrono::seconds(5));
  }
};

}  // namespace

TEST_CASE("engine deadlines: they are due in the order of their starts") {
  Deadlines deadlines;
  Named one(1), two(2), three(3);
  deadlines.queue.start(one);
  deadlines.queue.start(two);
  deadlines.queue.start(three);
  deadlines.queue.start(one);  // again: now the last
  CHECK(deadlines.wait(3));
  CHECK(deadlines.due == std::vector<int>{2, 3, 1});
  CHECK_FALSE(one.waiting());
}

TEST_CASE("engine deadlines: a deadline that was stopped or destroyed is not due") {
  Deadlines deadlines;
  Named one(1), three(3);
  auto two = std::make_unique<Named>(2);
  deadlines.queue.start(one);
  deadlines.queue.start(*two);
  deadlines.queue.start(three);
  one.stop();
  two.reset();
  CHECK(deadlines.wait(1));
  CHECK(deadlines.due == std::vector<int>{3});
}

TEST_CASE("engine deadlines: one that is due may start, stop and destroy others and itself") {
  Deadlines deadlines;
  Named one(1);
  auto two = std::make_unique<Named>(2);
  auto three = std::make_unique<Named>(3);
  deadlines.act = [&](Named& named) {
    if (&named == &one && deadlines.due.size() < 3) {
      deadlines.queue.start(one);
      two.reset();
    } else if (&named == three.get()) {
      three.reset();
    }
  };
  deadlines.queue.start(one);
  deadlines.queue.start(*two);
  deadlines.queue.start(*three);
  CHECK(deadlines.wait(3));
  CHECK(deadlines.due == std::vector<int>{1, 3, 1});
}

TEST_CASE("engine deadlines: a loop ends when none is left, and not before") {
  Deadlines deadlines;
  Named one(1), two(2);
  deadlines.queue.start(one);
  deadlines.queue.start(two);
  two.stop();
  deadlines.loop.run();
  CHECK(deadlines.due == std::vector<int>{1});
  deadlines.queue.start(two);
  two.stop();
  deadlines.loop.run();
  CHECK(deadlines.due == std::vector<int>{1});
}

TEST_CASE("engine deadlines: a queue may end before its deadlines") {
  Named one(1);
  {
    Deadlines deadlines;
    deadlines.queue.start(one);
    CHECK(one.waiting());
  }
  CHECK_FALSE(one.waiting());
}

}  // namespace engine_deadlines_test
