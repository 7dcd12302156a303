#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cluster_subscriptions.hpp"
#include "slot_map.hpp"
#include "state_machine_fixture.hpp"

namespace cluster_subscriptions_test {

using namespace socketio;
using namespace socketio::redis;
using namespace state_machine;

namespace {

constexpr SubscriptionKind channel = SubscriptionKind::channel;
constexpr SubscriptionKind shard = SubscriptionKind::shard;

class Listener final : public MessageListener {
 public:
  void on_message(std::string_view, Bytes) override {}
  void on_subscribed(std::string_view name, std::string_view error) override {
    calls.push_back(std::string(name) + (error.empty() ? " confirmed" : " " + std::string(error)));
  }
  void on_subscription_lost(std::string_view name) override { calls.push_back(std::string(name) + " lost"); }
  std::vector<std::string> calls;
};

/// Two primaries, of which node 0 is the home and owns all slots.
class Scene final : public IdleDriver {
 public:
  Scene() {
    nodes.apply(two_primaries(), 0);
    nodes.choose_home(true, 0, random);
  }
  void subscribe(NodeId id, SubscriptionKind, std::string_view name, MessageListener& to) override {
    done.push_back("subscribe " + std::string(name) + " at " + std::to_string(id));
    made[std::string(name)] = &to;
  }
  void unsubscribe(NodeId id, SubscriptionKind, std::string_view name, bool at_redis) override {
    done.push_back((at_redis ? "unsubscribe " : "forget ") + std::string(name) + " at " + std::to_string(id));
  }
  void on_slot_moved() override { done.push_back("slot moved"); }
  void request_refresh() override { ++refreshes; }

  /// The node's answer; an error, or an empty one.
  void answer(const std::string& name, const std::string& error = {}) { made.at(name)->on_subscribed(name, error); }
  std::vector<std::string> take_done() { return std::exchange(done, {}); }

  Context context{Options{}};
  Options& options = context.options;
  SameBytes random;
  ClusterNodes nodes{options};
  Reports& reports = context.reports;
  Counters& counters = context.counters;
  std::vector<std::string> done;
  std::map<std::string, MessageListener*> made;
  int refreshes = 0;
  ClusterSubscriptions subscriptions{context, nodes, *this, *this};
  Listener listener;
};

using Done = std::vector<std::string>;

}  // namespace

TEST_CASE("cluster subscriptions: one is made at its node, and settled by the answer") {
  Scene scene;
  scene.subscriptions.add(channel, "a", scene.listener);
  CHECK(scene.subscriptions.in_use());
  CHECK(scene.take_done().empty());
  CHECK_FALSE(scene.subscriptions.place_all(0));
  CHECK(scene.take_done() == Done{"subscribe a at 0"});
  CHECK(scene.nodes[0]->subscription_count == 1);
  CHECK(scene.subscriptions.unconfirmed_count() == 1);

  scene.answer("a");

  CHECK(scene.subscriptions.unconfirmed_count() == 0);
  CHECK(scene.listener.calls == Done{"a confirmed"});
}

TEST_CASE("cluster subscriptions: nothing is made before the slot map is known") {
  Scene scene;
  ClusterNodes unknown(scene.options);
  ClusterSubscriptions subscriptions(scene.context, unknown, scene, scene);
  subscriptions.add(channel, "a", scene.listener);
  subscriptions.place_all(0);
  CHECK(scene.take_done().empty());
}

TEST_CASE("cluster subscriptions: a refusal settles one, too, and is counted") {
  Scene scene;
  scene.subscriptions.add(channel, "a", scene.listener);
  scene.subscriptions.place_all(0);

  scene.answer("a", "NOPERM");

  CHECK(scene.subscriptions.unconfirmed_count() == 0);
  CHECK(scene.subscriptions.refused_count() == 1);
  CHECK(scene.subscriptions.is_refused(channel, "a"));
  CHECK(scene.subscriptions.first_refused().error == "NOPERM");
  CHECK(scene.counters.subscriptions_refused == 1);
  scene.subscriptions.remove(channel, "a");
  CHECK(scene.subscriptions.refused_count() == 0);
}

TEST_CASE("cluster subscriptions: a sharded channel follows its slot when its node reports MOVED") {
  Scene scene;
  scene.subscriptions.add(shard, "a", scene.listener);
  scene.subscriptions.place_all(0);
  scene.answer("a");
  scene.take_done();

  scene.answer("a", "MOVED " + std::to_string(slot_of("a")) + " 127.0.0.1:2");
  CHECK(scene.take_done() == Done{"slot moved", "forget a at 0"});
  CHECK(scene.refreshes == 1);
  CHECK(scene.subscriptions.unconfirmed_count() == 1);
  scene.subscriptions.deliver_losses();
  scene.subscriptions.place_all(0);

  CHECK(scene.take_done() == Done{"subscribe a at 1"});
  CHECK(scene.listener.calls == Done{"a confirmed", "a lost"});
}

TEST_CASE("cluster subscriptions: a temporary error, or many redirections, are followed by a pause") {
  Scene scene;
  scene.subscriptions.add(shard, "a", scene.listener);
  scene.subscriptions.place_all(0);
  scene.answer("a", "CLUSTERDOWN The cluster is down");
  scene.take_done();
  CHECK(scene.subscriptions.place_all(1'000) == 100);
  CHECK(scene.subscriptions.place_all(1'099) == 1);
  CHECK(scene.take_done().empty());
  CHECK_FALSE(scene.subscriptions.place_all(1'100));
  CHECK(scene.take_done() == Done{"subscribe a at 0"});
}

TEST_CASE("cluster subscriptions: too many redirections are a refusal") {
  Scene scene;
  scene.options.cluster_redirects_max = 2;
  const std::string moved = "MOVED " + std::to_string(slot_of("a")) + " 127.0.0.1:2";
  scene.subscriptions.add(shard, "a", scene.listener);
  for (int count = 0; count < 3; ++count) {
    scene.subscriptions.place_all(0);
    CHECK(scene.subscriptions.refused_count() == 0);
    scene.answer("a", moved);
  }
  CHECK(scene.subscriptions.refused_count() == 1);
  CHECK(scene.listener.calls == Done{"a " + moved});
}

TEST_CASE("cluster subscriptions: channels move with the home, sharded channels only when their node is away") {
  Scene scene;
  scene.subscriptions.add(channel, "c", scene.listener);
  scene.subscriptions.add(shard, "s", scene.listener);
  scene.subscriptions.place_all(0);
  scene.answer("c");
  scene.answer("s");
  scene.take_done();
  for (std::uint16_t slot = 0; slot < slot_count; ++slot) {
    scene.nodes.learn_owner({Redirection::Kind::moved, slot, {"127.0.0.1", 2}});
  }
  CHECK_FALSE(scene.subscriptions.move());

  scene.nodes.on_lost(0, 0);
  scene.nodes.choose_home(true, 0, scene.random);
  REQUIRE(scene.nodes.home() == 1);
  CHECK(scene.subscriptions.move());

  CHECK(scene.take_done() == Done{"unsubscribe c at 0", "forget s at 0"});
  CHECK(scene.subscriptions.unconfirmed_count() == 2);
  CHECK(scene.nodes[0]->subscription_count == 0);
  scene.subscriptions.place_all(0);
  CHECK(scene.take_done() == Done{"subscribe c at 1", "subscribe s at 1"});
}

TEST_CASE(
    "cluster subscriptions: a lost connection makes its subscriptions unconfirmed, and only unconfirmed ones are reported") {
  Scene scene;
  scene.subscriptions.add(channel, "a", scene.listener);
  scene.subscriptions.add(channel, "b", scene.listener);
  scene.subscriptions.place_all(0);
  scene.answer("a");
  scene.answer("b");
  scene.listener.calls.clear();

  scene.subscriptions.unconfirm_at(0);
  scene.answer("a");
  scene.subscriptions.deliver_losses();

  CHECK(scene.listener.calls == Done{"a confirmed", "b lost"});
  CHECK(scene.subscriptions.unconfirmed_count() == 1);
}

TEST_CASE("cluster subscriptions: an answer for one that was removed is ignored") {
  Scene scene;
  scene.subscriptions.add(channel, "a", scene.listener);
  scene.subscriptions.place_all(0);
  scene.subscriptions.remove(channel, "a");
  CHECK(scene.take_done() == Done{"subscribe a at 0", "unsubscribe a at 0"});
  CHECK(scene.subscriptions.unconfirmed_count() == 0);

  scene.answer("a");
  scene.subscriptions.begin_turn();

  CHECK(scene.listener.calls.empty());
}

}  // namespace cluster_subscriptions_test
