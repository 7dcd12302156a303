#include "emit/server_counts.hpp"

#include <doctest/doctest.h>

#include <string>

#include "emit/server_watch.hpp"

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
}

}  // namespace server_counts_test
