#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "slot_map_query.hpp"
#include "state_machine_fixture.hpp"

namespace slot_map_refresh_test {

using namespace socketio;
using namespace socketio::redis;
using namespace state_machine;

namespace {

Options some_options() {
  Options options;
  options.backoff_min = std::chrono::milliseconds(100);
  options.backoff_max = std::chrono::milliseconds(5'000);
  options.cluster_refresh = std::chrono::milliseconds(60'000);
  return options;
}

/// A query that begins and ends at `now_ms`.
void query(SlotMapRefresh& refresh, std::uint64_t now_ms) {
  refresh.want();
  REQUIRE(refresh.begin(now_ms));
  refresh.end();
}

}  // namespace

TEST_CASE("slot map refresh: begins only when it is wanted, and not while a query runs") {
  const Options options = some_options();
  SlotMapRefresh refresh(options);
  CHECK_FALSE(refresh.begin(0));
  refresh.want();
  CHECK(refresh.begin(0));
  refresh.want();
  CHECK_FALSE(refresh.begin(0));
}

TEST_CASE("slot map refresh: without a cause the next query is the regular one") {
  const Options options = some_options();
  SameBytes random;
  SlotMapRefresh refresh(options);
  query(refresh, 0);
  CHECK(refresh.next(false, 0, random) == 60'000);

  Options never = some_options();
  never.cluster_refresh = std::chrono::milliseconds(0);
  SlotMapRefresh once(never);
  query(once, 0);
  CHECK(once.next(false, 0, random) == std::nullopt);
}

TEST_CASE("slot map refresh: delays double while there are causes, up to a second") {
  const Options options = some_options();
  SameBytes random;
  SlotMapRefresh refresh(options);
  std::uint64_t now_ms = 20'000;
  query(refresh, now_ms);
  for (const std::uint64_t expected : {100U, 200U, 400U, 800U, 1'000U, 1'000U}) {
    const auto delay_ms = refresh.next(true, now_ms, random);
    REQUIRE(delay_ms == expected);
    now_ms += *delay_ms;
    query(refresh, now_ms);
  }
  CHECK(refresh.next(false, now_ms, random) == 60'000);
  now_ms += 10'000;  // quiet for so long that the delays start again
  CHECK(refresh.request(now_ms, random) == 0);
  query(refresh, now_ms);
  CHECK(refresh.request(now_ms, random) == 100);
}

TEST_CASE("slot map refresh: several causes are one") {
  const Options options = some_options();
  SameBytes random;
  SlotMapRefresh refresh(options);
  CHECK(refresh.request(50, random) == 50);
  CHECK(refresh.request(60, random) == std::nullopt);
  query(refresh, 100);
  CHECK(refresh.request(100, random) != std::nullopt);
}

TEST_CASE("slot map refresh: a cause while the query runs leads to another query") {
  const Options options = some_options();
  SameBytes random;
  SlotMapRefresh refresh(options);
  refresh.want();
  REQUIRE(refresh.begin(20'000));
  CHECK(refresh.request(20'010, random) == std::nullopt);
  refresh.end();
  CHECK(refresh.next(false, 20'020, random) == 80);
}

TEST_CASE("slot map refresh: the regular delay does not replace a shorter one") {
  const Options options = some_options();
  SameBytes random;
  SlotMapRefresh refresh(options);
  query(refresh, 0);
  CHECK(refresh.request(0, random) == 100);
  CHECK(refresh.next(false, 0, random) == std::nullopt);
}

}  // namespace slot_map_refresh_test
