#include "emit/server_counts.hpp"

#include <doctest/doctest.h>

#include <string>

namespace server_counts_test {

using namespace socketio::cli;

TEST_CASE("server counts: of the receivers that Redis counts, at most so many are servers, and taps are none") {
  ServerCounts counts;
  const auto root = counts.place_of("/");
  CHECK(counts.place_of("/") == root);
  CHECK_FALSE(counts.is_known(root));
  CHECK(counts.servers_among(root, 5, true) == 5);
  counts.set(root, 2, 0);
  CHECK(counts.servers_among(root, 5, true) == 2);
  CHECK(counts.servers_among(root, 1, true) == 1);
  const auto other = counts.place_of("/other");
  CHECK(other != root);
  counts.set(other, 3, 2);
  CHECK(counts.servers_among(other, 5, true) == 3);
  CHECK(counts.servers_among(other, 3, false) == 1);  // a room's channel: two of the three are taps
  CHECK(counts.servers_among(other, 1, true) == 0);
}

TEST_CASE("server counts: who alone receives in a room is a server, for taps follow a new room a little later") {
  ServerCounts counts;
  const auto root = counts.place_of("/");
  counts.set(root, 2, 1);
  CHECK(counts.servers_among(root, 1, false) == 1);
  CHECK(counts.servers_among(root, 0, false) == 0);
  CHECK(counts.servers_among(root, 2, false) == 1);
}

TEST_CASE("server counts: strangers are taken away from what all servers get, and from what set() counts") {
  ServerCounts counts;
  const auto root = counts.place_of("/");
  counts.set_strangers(root, 1);
  counts.set(root, 3, 0);
  CHECK(counts.servers(root) == 2);
  CHECK(counts.servers_among(root, 3, true) == 2);
  CHECK(counts.servers_among(root, 2, true) == 1);
  CHECK(counts.servers_among(root, 2, false) == 2);
}

TEST_CASE("server counts: what emits reach beyond the servers are others, as long as the servers stay the same") {
  ServerCounts counts;
  const auto root = counts.place_of("/");
  counts.set(root, 4, 0);
  CHECK(counts.note(root, 5, true));
  CHECK_FALSE(counts.note(root, 5, true));
  counts.set(root, 4, 0);
  CHECK(counts.others(root, true) == 1);
  CHECK(counts.servers_among(root, 5, true) == 4);
  CHECK(counts.servers_among(root, 4, true) == 3);
  CHECK(counts.note(root, 4, true));
  counts.set(root, 3, 0);  // a server has left, not the tap
  CHECK(counts.servers_among(root, 4, true) == 3);
  CHECK(counts.note(root, 4, true));
  counts.set(root, 3, 0);
  CHECK(counts.servers_among(root, 4, true) == 3);
  CHECK(counts.note(root, 3, true));
  counts.set(root, 3, 0);  // the tap has left, no server
  CHECK(counts.servers_among(root, 3, true, 1) == 3);
  counts.set(root, 3, 0);  // no emit since
  CHECK(counts.others(root, true) == 0);
}

TEST_CASE("server counts: a subscriber that gets some emits only is no other of all") {
  ServerCounts counts;
  const auto root = counts.place_of("/");
  counts.set(root, 2, 0);
  CHECK(counts.note(root, 3, true));
  CHECK(counts.note(root, 2, true));
  CHECK_FALSE(counts.note(root, 3, true));
  counts.set(root, 2, 0);
  CHECK(counts.others(root, true) == 0);
  CHECK_FALSE(counts.note(root, 3, true));  // known already: nobody asks again
  CHECK_FALSE(counts.note(root, 1, false));
  counts.set(root, 2, 0, false);
  CHECK(counts.others(root, true) == 0);
}

TEST_CASE("server counts: a tap that has left since the emit, or came after it, is none of its receivers") {
  ServerCounts counts;
  const auto root = counts.place_of("/");
  counts.set(root, 3, 1);
  const std::int64_t others = counts.others(root, true);
  CHECK(counts.servers_among(root, 3, true, others) == 2);
  counts.set(root, 3, 0);
  CHECK(counts.servers_among(root, 3, true, others) == 3);
  counts.set(root, 3, 2);
  CHECK(counts.servers_among(root, 3, true, others) == 2);
}

TEST_CASE("server counts: all are back when as many listen as there were at most") {
  ServerCounts counts;
  const auto root = counts.place_of("/");
  counts.set(root, 2, 0);
  CHECK(counts.all_back());
  counts.set(root, 1, 0);
  CHECK_FALSE(counts.all_back());
  CHECK(counts.most_servers(root) == 2);
  CHECK(counts.servers_among(root, 2, true) == 2);  // the other one may have come back since
  counts.set(root, 1, 0);
  CHECK(counts.servers_among(root, 2, true) == 1);
  counts.set(root, 3, 0);
  CHECK(counts.all_back());
  CHECK(counts.most_servers(root) == 3);
}

TEST_CASE("server counts: namespaces beyond the limit are not counted, and cost nothing") {
  ServerCounts counts;
  for (std::size_t number = 0; number < ServerCounts::places_max; ++number) {
    REQUIRE(counts.place_of("/" + std::to_string(number)) != ServerCounts::no_place);
  }
  const auto none = counts.place_of("/one-more");
  CHECK(none == ServerCounts::no_place);
  counts.set(none, 1, 0);
  CHECK_FALSE(counts.is_known(none));
  CHECK(counts.servers_among(none, 7, true) == 7);
  CHECK(counts.place_of("/7") == 7);
}

}  // namespace server_counts_test
