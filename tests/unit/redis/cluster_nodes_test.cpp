#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "cluster_nodes.hpp"
#include "slot_map.hpp"
#include "state_machine_fixture.hpp"

namespace cluster_nodes_test {

using namespace socketio;
using namespace socketio::redis;
using namespace state_machine;

namespace {

/// Node 0 and node 1 are primaries and own half of the slots each; node 2 is a replica.
SlotMap three_nodes() {
  SlotMap map = two_primaries(slot_count / 2);
  map.nodes.push_back({at(3), false});
  return map;
}

Options some_options() {
  Options options;
  options.endpoints = {at(9), at(1)};
  options.resume_wait_max = std::chrono::milliseconds(500);
  return options;
}

}  // namespace

TEST_CASE("cluster nodes: a slot has its owner, and everything else the home") {
  const Options options = some_options();
  SameBytes random;
  ClusterNodes nodes(options);
  CHECK_FALSE(nodes.has_map());
  CHECK(nodes.owner_of(0) == no_node);

  nodes.apply(three_nodes(), 0);
  CHECK(nodes.choose_home(false, 0, random));

  CHECK(nodes.owner_of(0) == nodes.find(at(1)));
  CHECK(nodes.owner_of(slot_count - 1) == nodes.find(at(2)));
  CHECK(nodes.owner_of(slot_count) == nodes.home());
}

TEST_CASE("cluster nodes: MOVED changes the owner of one slot, also to a node that was unknown") {
  const Options options = some_options();
  ClusterNodes nodes(options);
  nodes.learn_owner({Redirection::Kind::moved, 5, at(4)});
  CHECK_FALSE(nodes.has_map());

  nodes.apply(three_nodes(), 0);
  nodes.learn_owner({Redirection::Kind::moved, 5, at(4)});

  CHECK(nodes.owner_of(5) == nodes.find(at(4)));
  CHECK(nodes.owner_of(6) == nodes.find(at(1)));
}

TEST_CASE("cluster nodes: the home stays as long as it can be reached, and is never a replica") {
  const Options options = some_options();
  SameBytes random;
  ClusterNodes nodes(options);
  nodes.apply(three_nodes(), 0);
  REQUIRE(nodes.choose_home(false, 0, random));
  const NodeId first = nodes.home();
  CHECK_FALSE(nodes.choose_home(false, 0, random));

  nodes.on_lost(first, 100);
  CHECK(nodes.choose_home(false, 150, random));

  CHECK(nodes.home() != first);
  CHECK(nodes[nodes.home()]->is_primary);
  CHECK(nodes.home_resume_ms() == 250);  // twice as long as it was away
}

TEST_CASE("cluster nodes: without another primary the home stays, even if it is away") {
  const Options options = some_options();
  SameBytes random;
  ClusterNodes nodes(options);
  nodes.apply(three_nodes(), 0);
  REQUIRE(nodes.choose_home(false, 0, random));
  const NodeId first = nodes.home();
  nodes.on_lost(nodes.find(at(1)), 0);
  nodes.on_lost(nodes.find(at(2)), 0);

  CHECK_FALSE(nodes.choose_home(false, 0, random));
  CHECK(nodes.home() == first);
  CHECK(nodes.is_any_away());
}

TEST_CASE("cluster nodes: a lost node without a connection is tried again when the cluster names it") {
  const Options options = some_options();
  ClusterNodes nodes(options);
  nodes.apply(three_nodes(), 0);
  nodes.on_lost(0, 100);
  nodes.on_lost(0, 180);  // the next attempt has failed, too
  CHECK(nodes[0]->away_since_ms == 100);

  nodes.learn_owner({Redirection::Kind::moved, 9'000, at(1)});
  CHECK_FALSE(nodes[0]->is_away);
  nodes.on_lost(0, 200);
  nodes.apply(three_nodes(), 300);
  CHECK_FALSE(nodes[0]->is_away);
}

TEST_CASE("cluster nodes: a node matters for its subscriptions, and for what it owns") {
  const Options options = some_options();
  SameBytes random;
  ClusterNodes nodes(options);
  nodes.apply(three_nodes(), 0);
  const NodeId replica = nodes.find(at(3));
  CHECK_FALSE(nodes.matters(replica));
  nodes[replica]->subscription_count = 1;
  CHECK(nodes.matters(replica));
  REQUIRE(nodes.choose_home(false, 0, random));
  CHECK(nodes.matters(nodes.home()));
}

TEST_CASE("cluster nodes: those that can be reached are asked first, those that are away last, each once") {
  const Options options = some_options();
  SameBytes random;
  ClusterNodes nodes(options);
  CHECK(nodes.to_ask(random) == std::vector{at(9), at(1)});

  nodes.apply(three_nodes(), 0);
  nodes.on_lost(nodes.find(at(2)), 0);
  const std::vector<Endpoint> asked = nodes.to_ask(random);

  REQUIRE(asked.size() == 4);
  CHECK(asked[2] == at(9));
  CHECK(asked[3] == at(2));
}

TEST_CASE("cluster nodes: a node that left the slot map is not asked any more") {
  const Options options = some_options();
  ClusterNodes nodes(options);
  nodes.apply(three_nodes(), 0);
  SlotMap map = three_nodes();
  map.nodes.pop_back();

  nodes.apply(map, 0);

  CHECK_FALSE(nodes[nodes.find(at(3))]->is_listed);
  CHECK(nodes.map_number() == 2);
}

}  // namespace cluster_nodes_test
