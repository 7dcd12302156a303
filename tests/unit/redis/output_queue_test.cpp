#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <deque>
#include <random>
#include <string>

#include "writer.hpp"

namespace output_queue_test {

using namespace socketio;
using namespace socketio::redis;

namespace {

void push(OutputQueue& queue, std::uint64_t tag, const std::string& bytes) {
  std::memcpy(queue.reserve(bytes.size()), bytes.data(), bytes.size());
  queue.commit(nullptr, tag, bytes.size());
}

/// What a system that takes everything would get.
std::string gathered(OutputQueue& queue, std::size_t commands_max = 1'000'000) {
  std::array<Bytes, 64> parts;
  std::string text;
  const std::size_t count = queue.gather(parts, commands_max);
  for (std::size_t index = 0; index < count; ++index) {
    text += as_text(parts[index]);
  }
  return text;
}

}  // namespace

TEST_CASE("output queue: a command is in flight only when the system has taken its last byte") {
  OutputQueue queue;
  push(queue, 1, "aaaa");
  push(queue, 2, "bbbb");

  queue.took(3, 10);
  CHECK(queue.in_flight_count() == 0);
  CHECK(queue.started());
  queue.took(1, 20);
  CHECK(queue.in_flight_count() == 1);
  CHECK_FALSE(queue.started());
  CHECK(queue.oldest_in_flight().tag == 1);
  CHECK(queue.oldest_in_flight().written_ms == 20);
  CHECK(queue.waiting_bytes() == 4);
}

TEST_CASE("output queue: after a rewind a partly taken command is whole again") {
  OutputQueue queue;
  push(queue, 1, "aaaa");
  push(queue, 2, "bbbb");
  queue.took(6, 0);

  queue.rewind();

  CHECK(queue.in_flight_count() == 1);
  CHECK(gathered(queue) == "bbbb");
  CHECK(queue.waiting_bytes() == 4);
}

TEST_CASE("output queue: no more commands are offered than may be in flight") {
  OutputQueue queue;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    push(queue, 0, std::string(3, letter));
  }
  queue.took(1, 0);

  CHECK(gathered(queue, 0).empty());
  CHECK(gathered(queue, 1) == "aa");
  CHECK(gathered(queue, 2) == "aabbb");
  CHECK(gathered(queue, 4) == "aabbbcccddd");
}

TEST_CASE("output queue: dropping the oldest spares the one that the system has begun to take") {
  OutputQueue queue;
  push(queue, 1, "aaaa");
  push(queue, 2, "bbbb");
  push(queue, 3, "cccc");
  SUBCASE("because a part of it was taken") { queue.took(2, 0); }
  SUBCASE("because a part of it was handed over") {
    queue.hold_first();
    CHECK(queue.started());
  }
  const std::string rest(queue.first_rest().begin(), queue.first_rest().end());

  CHECK(queue.pop_waiting().tag == 2);

  CHECK(gathered(queue) == rest + "cccc");
  CHECK(queue.pop_waiting().tag == 3);
  CHECK_FALSE(queue.can_pop_waiting());
  push(queue, 4, "dddd");
  CHECK(gathered(queue) == rest + "dddd");
  queue.rewind();
  CHECK(gathered(queue) == "aaaadddd");
}

TEST_CASE("output queue: the memory of a large command serves the next one") {
  OutputQueue queue;
  const std::string large(500'000, 'x');
  push(queue, 1, large);
  const std::uint8_t* const first = queue.first_rest().data();
  queue.took(large.size(), 0);
  const std::string other(499'999, 'y');
  push(queue, 2, other);
  CHECK(queue.first_rest().data() == first);
  push(queue, 3, "z");
  CHECK(gathered(queue) == other + "z");
}

TEST_CASE("output queue: in any order of operations the bytes are those of the commands that are left") {
  std::mt19937 random(20'261'121);
  for (int round = 0; round < 40; ++round) {
    OutputQueue queue;
    std::deque<std::pair<std::uint64_t, std::string>> model;  // waiting commands
    std::deque<std::uint64_t> in_flight;
    std::size_t taken = 0;  // of the first
    std::uint64_t tag = 0;
    for (int step = 0; step < 400; ++step) {
      CAPTURE(round);
      CAPTURE(step);
      const auto dice = random() % 10;
      if (dice < 5) {
        const std::size_t size = 1 + random() % (random() % 20 == 0 ? 200'000 : 3'000);
        ++tag;
        model.emplace_back(tag, std::string(size, static_cast<char>('a' + tag % 26)));
        push(queue, tag, model.back().second);
      } else if (dice < 8) {
        std::size_t left = random() % (queue.waiting_bytes() + 1);
        queue.took(left, 0);
        for (left += taken; !model.empty() && left >= model.front().second.size(); model.pop_front()) {
          left -= model.front().second.size();
          in_flight.push_back(model.front().first);
        }
        taken = left;
      } else if (dice == 8) {
        if (queue.can_pop_waiting()) {
          const auto victim = model.begin() + (taken != 0 ? 1 : 0);
          CHECK(queue.pop_waiting().tag == victim->first);
          model.erase(victim);
        }
      } else if (random() % 4 == 0) {
        queue.rewind();
        taken = 0;
      } else if (!in_flight.empty()) {
        CHECK(queue.pop_in_flight().tag == in_flight.front());
        in_flight.pop_front();
      }
      REQUIRE(queue.waiting_count() == model.size());
      REQUIRE(queue.in_flight_count() == in_flight.size());
    }
    std::string expected;
    for (const auto& [ignored, bytes] : model) {
      expected += bytes;
    }
    CHECK(queue.waiting_bytes() == expected.size() - taken);
    std::string actual;
    std::size_t pass = taken;
    while (queue.waiting_bytes() != 0) {
      const std::string part = gathered(queue);
      actual += part;
      queue.took(part.size(), 0);
    }
    CHECK(actual == expected.substr(pass));
  }
}

}  // namespace output_queue_test
