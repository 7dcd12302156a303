#include "emit/outage_watch.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace outage_watch_test {

using namespace socketio::cli;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  Fixture() { console.configure(Output::quiet, false); }
  Console console;
  OutageWatch watch{console, 5s};
  OutageWatch::Time begin{1h};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "outage: a Redis that confirms nothing is given up after the timeout of one wait") {
  watch.begin_wait(begin);
  watch.look(begin + 4s, true, 0);
  CHECK_FALSE(watch.is_over(begin + 4s));
  watch.look(begin + 4s, true, 1);
  CHECK_FALSE(watch.is_over(begin + 8s));
  CHECK(watch.is_over(begin + 9s));
  watch.end_wait(begin + 9s);
  watch.begin_wait(begin + 20s);
  CHECK_FALSE(watch.is_over(begin + 24s));
}

TEST_CASE_FIXTURE(Fixture, "outage: a lost connection restarts the timeout once, until Redis confirms again") {
  watch.begin_wait(begin);
  watch.look(begin + 4s, false, 0);
  CHECK(watch.is_troubled());
  CHECK_FALSE(watch.is_over(begin + 8s));
  watch.look(begin + 8s, true, 0);
  watch.look(begin + 8s, false, 0);
  CHECK(watch.is_over(begin + 9s));
  watch.look(begin + 9s, true, 1);
  CHECK_FALSE(watch.is_troubled());
  CHECK_FALSE(watch.is_over(begin + 13s));
}

TEST_CASE_FIXTURE(Fixture, "outage: time between two waits, and time that is left out, does not count") {
  watch.begin_wait(begin);
  watch.look(begin + 1s, false, 0);
  watch.end_wait(begin + 2s);
  watch.begin_wait(begin + 60s);
  CHECK_FALSE(watch.is_over(begin + 63s));
  watch.leave_out(10s);
  CHECK_FALSE(watch.is_over(begin + 73s));
  CHECK(watch.is_over(begin + 74s));
}

}  // namespace outage_watch_test
