#include "emit/in_flight.hpp"

#include <doctest/doctest.h>

#include "emit/tally.hpp"

namespace in_flight_test {

using namespace socketio::cli;
using Fate = InFlight::Fate;

namespace {

/// Lines of ten bytes, from 1 on.
void push(InFlight& in_flight, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t line = first; line <= last; ++line) {
    in_flight.push({line, line * 10}, Op::emit);
  }
}

}  // namespace

TEST_CASE("in flight: what is done grows with the first lines that have passed") {
  InFlight in_flight({});
  push(in_flight, 1, 4);
  CHECK(in_flight.waiting_count() == 4);
  CHECK(in_flight.waiting_bytes() == 40);
  in_flight.end(2, Fate::passed);
  CHECK(in_flight.done() == Position{0, 0});
  CHECK(in_flight.end(1, Fate::passed).number == 1);
  CHECK(in_flight.done() == Position{2, 20});
  CHECK(in_flight.waiting_count() == 2);
  CHECK_FALSE(in_flight.all_passed());
  in_flight.end(3, Fate::passed);
  in_flight.end(4, Fate::passed);
  CHECK(in_flight.all_passed());
  CHECK(in_flight.waiting_bytes() == 0);
}

TEST_CASE("in flight: an unsure line holds the place until it has passed, but is not waited for") {
  InFlight in_flight({});
  push(in_flight, 1, 3);
  in_flight.end(1, Fate::unsure);
  in_flight.end(2, Fate::passed);
  in_flight.end(3, Fate::unsure);
  CHECK(in_flight.waiting_count() == 0);
  CHECK(in_flight.done() == Position{0, 0});
  in_flight.pass(1);
  CHECK(in_flight.done() == Position{2, 20});
  in_flight.pass(3);
  CHECK(in_flight.all_passed());
}

TEST_CASE("in flight: a line that was not sent holds the place, and lines behind it are remembered") {
  InFlight in_flight({});
  push(in_flight, 1, 7);
  for (const socketio::EmitId id : {1U, 3U, 4U, 6U}) {
    in_flight.end(id, Fate::passed);
  }
  for (const socketio::EmitId id : {2U, 5U, 7U}) {
    in_flight.end(id, Fate::kept);
  }
  CHECK(in_flight.waiting_count() == 0);
  CHECK(in_flight.done() == Position{1, 10});
  CHECK(in_flight.passed_ahead() == std::vector<LineRange>{{3, 4}, {6, 6}});
}

TEST_CASE("in flight: a line that is taken back leaves its number to the next one") {
  InFlight in_flight({});
  push(in_flight, 1, 1);
  in_flight.push({2, 20}, Op::emit);
  in_flight.take_back();
  in_flight.push({3, 30}, Op::join);
  const InFlight::Line line = in_flight.end(2, Fate::passed);
  CHECK(line.number == 3);
  CHECK(line.op == Op::join);
}

TEST_CASE("in flight: it works on in the same memory for any number of lines") {
  InFlight in_flight({100, 1000});
  socketio::EmitId ended = 0;
  for (std::uint64_t line = 101; line <= 10'100; ++line) {
    push(in_flight, line, line);
    if (in_flight.waiting_count() > 90) {
      while (in_flight.waiting_count() > 10) {
        in_flight.end(++ended, Fate::passed);
      }
    }
  }
  CHECK(in_flight.done() == Position{100 + ended, 1000 + ended * 10});
}

TEST_CASE("in flight: lines that are no emits are passed over when nothing is under way") {
  InFlight in_flight({});
  push(in_flight, 1, 1);
  in_flight.skip_to({5, 50});
  CHECK(in_flight.done() == Position{0, 0});
  in_flight.end(1, Fate::passed);
  in_flight.skip_to({5, 50});
  CHECK(in_flight.done() == Position{5, 50});
  CHECK(in_flight.waiting_bytes() == 0);
}

TEST_CASE("in flight: positions keep the digest of the input, and the last line that has passed is known") {
  InFlight in_flight({1, 10, 111});
  CHECK(in_flight.last_passed() == Position{1, 10, 111});
  in_flight.push({2, 20, 222}, Op::emit);
  in_flight.push({3, 30, 333}, Op::emit);
  in_flight.push({4, 40, 444}, Op::emit);
  in_flight.end(2, InFlight::Fate::passed);
  CHECK(in_flight.done() == Position{1, 10, 111});
  CHECK(in_flight.last_passed() == Position{3, 30, 333});
  in_flight.end(1, InFlight::Fate::passed);
  CHECK(in_flight.done() == Position{3, 30, 333});
  in_flight.end(3, InFlight::Fate::kept);
  CHECK(in_flight.last_passed() == Position{3, 30, 333});
}

TEST_CASE("tally: the median and the smallest number of receivers") {
  ReceiverCounts counts;
  CHECK_FALSE(counts.min());
  CHECK_FALSE(counts.median());
  counts.add(3);
  CHECK(counts.median() == 3.0);
  counts.add(0);
  CHECK(counts.median() == 1.5);
  CHECK(counts.min() == 0);
  counts.add(1'000'000);
  CHECK(counts.median() == 3.0);
  CHECK(counts.below(1) == 1);
  CHECK(counts.below(4) == 2);
  CHECK(counts.below(1'000'000) == 2);
  CHECK(counts.below(1'000'001) == 3);
  CHECK(counts.total() == 3);
}

TEST_CASE("tally: the median of many, in order or not, is that of a sorted list") {
  for (const int size : {1, 2, 3, 10, 11, 400, 401}) {
    ReceiverCounts counts;
    for (int i = 0; i < size; ++i) {
      counts.add((i * 7919) % size);  // every number below size once
    }
    CAPTURE(size);
    if (size % 7919 != 0) {
      CHECK(counts.median() == (size - 1) / 2.0);
    }
  }
}

}  // namespace in_flight_test
