#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "completions.hpp"

namespace completions_test {

using namespace socketio;
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

TEST_CASE("completions: commands end in order, with their outcomes and reasons, and once") {
  const Log no_log;
  const Reports reports(no_log);
  Completions completions;
  std::vector<std::string> ended;
  const auto end = [&](Outcome outcome, const char* why) {
    const std::uint64_t tag = completions.keep([&ended](const CommandResult& result) {
      ended.push_back((result.outcome == Outcome::unconfirmed ? "unconfirmed " : "not sent ") + result.message);
    });
    completions.add({nullptr, tag, 10, 0}, outcome, why);
  };
  end(Outcome::unconfirmed, "lost");
  end(Outcome::unconfirmed, "lost");
  end(Outcome::not_sent, "lost");
  end(Outcome::not_sent, "full");
  CHECK(completions.size() == 4);
  CHECK(ended.empty());

  completions.deliver(reports);
  completions.deliver(reports);

  CHECK(ended == std::vector<std::string>{"unconfirmed lost", "unconfirmed lost", "not sent lost", "not sent full"});
  CHECK(completions.size() == 0);
}

TEST_CASE("completions: a publish is reported to its listener, and what a callback adds by the next call") {
  class Listener final : public PublishListener {
   public:
    explicit Listener(Completions& its) : completions(its) {}
    void on_published(std::uint64_t tag, Outcome outcome, std::int64_t, std::string_view) override {
      reported.push_back(tag);
      if (outcome == Outcome::not_sent) {
        completions.add({this, tag + 1, 10, 0}, Outcome::unconfirmed, "later");
      }
    }
    Completions& completions;
    std::vector<std::uint64_t> reported;
  };
  const Log no_log;
  const Reports reports(no_log);
  Completions completions;
  Listener listener(completions);
  completions.add({&listener, 7, 10, 0}, Outcome::not_sent, "full");

  completions.deliver(reports);
  CHECK(listener.reported == std::vector<std::uint64_t>{7});
  completions.deliver(reports);
  CHECK(listener.reported == std::vector<std::uint64_t>{7, 8});
}

}  // namespace completions_test
