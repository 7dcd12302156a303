#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <socketio/net/loop.hpp>
#include <socketio/net/timer.hpp>
#include <socketio/net/turn_end.hpp>

namespace loop_test {

using socketio::Loop;
using socketio::net::Timer;
using socketio::net::TurnEnd;

TEST_CASE("loop: run() ends when nothing is left, run_until() at its condition or deadline") {
  Loop loop;
  loop.run();
  CHECK_FALSE(loop.run_until([] { return false; }, std::chrono::milliseconds(1)));
  int turns = 0;
  loop.call_after(std::chrono::milliseconds(0), [&turns] { ++turns; });
  CHECK(loop.run_until([&turns] { return turns == 1; }, std::chrono::seconds(10)));
}

TEST_CASE("loop: posted functions run on the loop's thread, in order") {
  Loop loop;
  std::vector<int> order;
  std::thread other([&] {
    for (int index = 0; index < 100; ++index) {
      loop.post([&loop, &order, index] {
        CHECK(loop.on_loop_thread());
        order.push_back(index);
      });
    }
  });
  CHECK(loop.run_until([&order] { return order.size() == 100; }, std::chrono::seconds(10)));
  other.join();
  CHECK(std::is_sorted(order.begin(), order.end()));
}

namespace {

/// `act` ends a process by an assertion; a process of its own, which writes nothing.
bool aborts(const std::function<void()>& act) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(STDERR_FILENO);
    std::signal(SIGABRT, SIG_DFL);
    act();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

}  // namespace

TEST_CASE("loop: a timer or a signal on a thread that is not the loop's is an assertion at once") {
  Loop loop;
  CHECK(aborts([&loop] { std::thread([&loop] { loop.call_after(std::chrono::milliseconds(0), [] {}); }).join(); }));
  CHECK(aborts([&loop] { std::thread([&loop] { loop.on_signal(SIGUSR1, [] {}); }).join(); }));
  CHECK_FALSE(aborts([&loop] { loop.call_after(std::chrono::milliseconds(0), [] {}); }));
}

TEST_CASE("loop: what was posted and never ran is dropped with the loop") {
  const auto held = std::make_shared<int>(1);
  {
    Loop loop;
    loop.post([held] {});
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("loop: timers run in the order of their time, and cancelled ones do not") {
  Loop loop;
  std::vector<int> order;
  loop.call_after(std::chrono::milliseconds(8), [&order] { order.push_back(8); });
  loop.call_after(std::chrono::milliseconds(2), [&order] { order.push_back(2); });
  const Loop::TimerId cancelled = loop.call_after(std::chrono::milliseconds(4), [&order] { order.push_back(4); });
  loop.call_after(std::chrono::milliseconds(2), [&order] { order.push_back(3); });
  loop.cancel(cancelled);
  loop.cancel(cancelled);
  loop.run();
  CHECK(order == std::vector<int>{2, 3, 8});
}

TEST_CASE("loop: a timer that starts itself again does not keep the loop from its other work") {
  Loop loop;
  int count = 0;
  Timer timer(loop, [&] {
    if (++count < 1'000) {
      timer.start(0);
    }
  });
  timer.start(0);
  loop.poll();
  loop.poll();
  CHECK(count <= 2);
  loop.run();
  CHECK(count == 1'000);
}

TEST_CASE("loop: work for the turn's end runs once a turn, and may ask for another") {
  Loop loop;
  int count = 0;
  TurnEnd work(loop, [&] {
    if (++count < 3) {
      work.request();
    }
  });
  work.request();
  work.request();
  CHECK(count == 0);
  loop.poll();
  CHECK(count == 1);
  loop.run();
  CHECK(count == 3);
}

TEST_CASE("loop: work for the turn's end may destroy other work") {
  Loop loop;
  int count = 0;
  std::unique_ptr<TurnEnd> second;
  TurnEnd first(loop, [&] {
    ++count;
    second.reset();
  });
  second = std::make_unique<TurnEnd>(loop, [&] { count += 100; });
  first.request();
  second->request();
  loop.run();
  CHECK(count == 1);
}

TEST_CASE("loop: an adopted loop can be closed after one more turn") {
  uv_loop_t adopted;
  REQUIRE(uv_loop_init(&adopted) == 0);
  {
    Loop loop(&adopted);
    Timer timer(loop, [] {});
    timer.start(60'000);
    TurnEnd work(loop, [] {});
    work.request();
    CHECK(loop.uv() == &adopted);
    uv_run(&adopted, UV_RUN_NOWAIT);
    work.request();
  }
  uv_run(&adopted, UV_RUN_NOWAIT);
  CHECK(uv_loop_close(&adopted) == 0);
}

TEST_CASE("loop: SIGPIPE is ignored once there is a loop") {
  Loop loop;
  struct sigaction now {};
  sigaction(SIGPIPE, nullptr, &now);
  CHECK((now.sa_handler == SIG_IGN));
}

TEST_CASE("loop: a negative delay or timeout is none") {
  Loop loop;
  bool called = false;
  loop.call_after(std::chrono::milliseconds(-1), [&called] { called = true; });
  CHECK_FALSE(loop.run_until([] { return false; }, std::chrono::milliseconds(-1)));
  CHECK(loop.run_until([&called] { return called; }, std::chrono::seconds(10)));
}

TEST_CASE("random: the system's source gives bytes that differ") {
  Loop loop;
  socketio::Random& random = loop.random();
  std::set<std::vector<std::uint8_t>> seen;
  for (int count = 0; count < 100; ++count) {
    std::vector<std::uint8_t> bytes(16);
    random.fill(bytes);
    seen.insert(bytes);
  }
  CHECK(seen.size() == 100);
}

}  // namespace loop_test
