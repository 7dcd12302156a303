// What the nodes of a cluster say: of their slots, and that a command is to be given to another one.

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include <socketio/common/limits.hpp>

#include "slot_map.hpp"

namespace slot_map_test {

using namespace socketio;
using namespace socketio::redis;

namespace {

Reply number(std::int64_t value) {
  Reply reply;
  reply.type = Reply::Type::integer;
  reply.integer = value;
  return reply;
}

Reply text(const std::string& value) {
  Reply reply;
  reply.type = Reply::Type::text;
  reply.text = value;
  return reply;
}

Reply list(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Reply::Type::array;
  reply.elements = std::move(elements);
  return reply;
}

Reply node(const std::string& host, std::int64_t port) { return list({text(host), number(port), text("id"), list({})}); }

std::string error_of(const Reply& reply) {
  std::string error;
  CHECK_FALSE(parse_slot_map(reply, "seed", error));
  return error;
}

}  // namespace

TEST_CASE("slot map: ranges, primaries and replicas, each node once") {
  std::string error;
  const auto map = parse_slot_map(list({list({number(0), number(99), node("a", 1), node("b", 2)}),
                                        list({number(100), number(16'383), node("c", 3)}), list({})}),
                                  "seed", error);
  CHECK_FALSE(map);  // the last range is empty
  const auto good = parse_slot_map(list({list({number(0), number(99), node("a", 1), node("b", 2)}),
                                         list({number(200), number(16'383), node("c", 3), node("b", 2)})}),
                                   "seed", error);
  REQUIRE(good);
  REQUIRE(good->nodes.size() == 3);
  CHECK(good->nodes[0].endpoint == Endpoint{"a", 1});
  CHECK(good->nodes[0].is_primary);
  CHECK_FALSE(good->nodes[1].is_primary);
  CHECK(good->nodes[2].is_primary);
  CHECK(good->owners[0] == 0);
  CHECK(good->owners[99] == 0);
  CHECK(good->owners[100] == SlotMap::no_node);
  CHECK(good->owners[16'383] == 2);
}

TEST_CASE("slot map: a host that the cluster does not know is the one that answered") {
  std::string error;
  for (const Reply& host : {text(""), text("?"), Reply{}}) {
    const auto map = parse_slot_map(list({list({number(0), number(1), list({host, number(7)})})}), "seed", error);
    REQUIRE(map);
    CHECK(map->nodes[0].endpoint == Endpoint{"seed", 7});
  }
}

TEST_CASE("slot map: what makes no sense is refused with the reason") {
  CHECK(error_of(text("OK")) == "the answer is no list");
  CHECK(error_of(list({})) == "no node owns a slot");
  CHECK(error_of(list({number(1)})) == "a range of slots has no owner");
  CHECK(error_of(list({list({number(0), number(1)})})) == "a range of slots has no owner");
  CHECK(error_of(list({list({text("0"), number(1), node("a", 1)})})) == "a range of slots has no owner");
  for (const auto& [first, last] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {-1, 1}, {1, 0}, {0, 16'384}, {INT64_MIN, INT64_MAX}, {0, INT64_MAX}}) {
    CHECK(error_of(list({list({number(first), number(last), node("a", 1)})})) == "there is no such range of slots");
  }
  for (const std::int64_t port : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{65'536}, INT64_MAX}) {
    CHECK(error_of(list({list({number(0), number(1), node("a", port)})})) == "a node has no address");
  }
  CHECK(error_of(list({list({number(0), number(1), text("a")})})) == "a node has no address");
  CHECK(error_of(list({list({number(0), number(1), node("a", 1), number(4)})})) == "a node has no address");
  CHECK(error_of(list({list({number(0), number(9), node("a", 1)}), list({number(9), number(10), node("b", 1)})})) ==
        "a slot has two owners");
  Reply many = list({number(0), number(1)});
  for (std::size_t count = 0; count <= limits::cluster_nodes_max; ++count) {
    many.elements.push_back(node("n" + std::to_string(count), 1));
  }
  CHECK(error_of(list({many})) == "there are more nodes than the limit");
}

TEST_CASE("redirection: where a command is to go") {
  const auto moved = parse_redirection("MOVED 3999 10.0.0.1:6381", "seed");
  REQUIRE(moved);
  CHECK(moved->kind == Redirection::Kind::moved);
  CHECK(moved->slot == 3999);
  CHECK(moved->target == Endpoint{"10.0.0.1", 6381});
  const auto ask = parse_redirection("ASK 0 ::1:6381", "seed");
  REQUIRE(ask);
  CHECK(ask->kind == Redirection::Kind::ask);
  CHECK(ask->target == Endpoint{"::1", 6381});
  for (const char* const unknown : {"MOVED 1 :6381", "MOVED 1 ?:6381"}) {
    const auto here = parse_redirection(unknown, "seed");
    REQUIRE(here);
    CHECK(here->target == Endpoint{"seed", 6381});
  }
  for (const char* const later : {"TRYAGAIN Multiple keys request during rehashing of slot", "CLUSTERDOWN The cluster is down",
                                  "LOADING Redis is loading the dataset in memory", "MASTERDOWN Link with MASTER is down"}) {
    const auto redirection = parse_redirection(later, "seed");
    REQUIRE(redirection);
    CHECK(redirection->kind == Redirection::Kind::later);
  }
}

TEST_CASE("redirection: everything else is an error like others") {
  for (const std::string& other :
       {std::string("ERR MOVED 1 a:1"), std::string("MOVED"), std::string("MOVED "), std::string("MOVED 1"),
        std::string("MOVED 1 "), std::string("MOVED x a:1"), std::string("MOVED -1 a:1"), std::string("MOVED 16384 a:1"),
        std::string("MOVED 1 a"), std::string("MOVED 1 a:"), std::string("MOVED 1 a:0"), std::string("MOVED 1 a:65536"),
        std::string("MOVED 1 a:1x"), "MOVED 1 " + std::string(300, 'a') + ":1", std::string("MOVEDX 1 a:1"), std::string(),
        std::string("NOPERM no")}) {
    CAPTURE(other);
    CHECK_FALSE(parse_redirection(other, "seed"));
  }
}

}  // namespace slot_map_test
