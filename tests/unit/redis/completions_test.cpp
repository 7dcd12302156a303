#include <doctest/doctest.h>

#include <string>
#include <tuple>

#include "completions.hpp"

namespace completions_test {

using namespace socketio::redis;

TEST_CASE("completions: each callback is taken once, and its tag is used again") {
  Completions completions;
  std::string called;
  const std::uint64_t first = completions.keep([&called](const CommandResult&) { called += "1"; });
  const std::uint64_t second = completions.keep([&called](const CommandResult&) { called += "2"; });
  CHECK(first != second);

  completions.take(first)({});
  CHECK(completions.keep([&called](const CommandResult&) { called += "3"; }) == first);
  completions.take(second)({});
  completions.take(first)({});

  CHECK(called == "123");
}

TEST_CASE("completions: commands end in order, with their outcomes and reasons") {
  Completions completions;
  completions.add({nullptr, 1, 10, 0}, Outcome::unconfirmed, "lost");
  completions.add({nullptr, 2, 10, 0}, Outcome::unconfirmed, "lost");
  completions.add({nullptr, 3, 10, 0}, Outcome::not_sent, "lost");
  completions.add({nullptr, 4, 10, 0}, Outcome::not_sent, "full");
  REQUIRE(completions.size() == 4);

  for (const auto& [tag, outcome, why] :
       {std::tuple(1, Outcome::unconfirmed, "lost"), std::tuple(2, Outcome::unconfirmed, "lost"),
        std::tuple(3, Outcome::not_sent, "lost"), std::tuple(4, Outcome::not_sent, "full")}) {
    const Completions::Ended ended = completions.take_oldest();
    CHECK(ended.entry.tag == static_cast<std::uint64_t>(tag));
    CHECK(ended.outcome == outcome);
    CHECK(*ended.why == why);
  }
  CHECK(completions.size() == 0);
}

}  // namespace completions_test
