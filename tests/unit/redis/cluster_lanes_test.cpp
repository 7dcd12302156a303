#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "cluster_lanes.hpp"
#include "cluster_questions.hpp"
#include "state_machine_fixture.hpp"

namespace cluster_lanes_test {

using namespace socketio;
using namespace socketio::redis;
using namespace state_machine;

namespace {

using Done = std::vector<std::string>;

class NoListener final : public PublishListener {
 public:
  void on_published(std::uint64_t, Outcome, std::int64_t, std::string_view) override {}
};

/// Two primaries, of which node 0 is the home and owns all slots.
class Scene final : public IdleDriver {
 public:
  Scene() {
    nodes.apply(two_primaries(), 0);
    nodes.choose_home(false, 0, random);
  }
  std::uint64_t now_ms() const noexcept override { return now; }
  void request_refresh() override { ++refreshes; }
  void wake_after(std::uint64_t delay_ms) override { done.push_back("wake after " + std::to_string(delay_ms)); }
  bool can_send(NodeId id) override { return !busy.contains(id); }
  void send(std::uint32_t index, NodeId id, bool is_asking) override {
    done.push_back((is_asking ? "asking " : "") + std::to_string(lanes[index].tag) + " to " + std::to_string(id));
  }
  void send_words(NodeId id, std::span<const std::string_view> words, CommandDone answered) override {
    done.push_back(std::string(words[0]) + " to " + std::to_string(id));
    answers.push_back(std::move(answered));
  }
  bool holds_publishes() override { return true; }
  void end_later(PublishListener*, std::uint64_t tag, CommandDone, CommandResult result) override {
    const char* const outcome = result.outcome == Outcome::ok            ? " ok "
                                : result.outcome == Outcome::refused     ? " refused "
                                : result.outcome == Outcome::unconfirmed ? " unconfirmed "
                                                                         : " not sent ";
    done.push_back(std::to_string(tag) + outcome + (result.outcome == Outcome::ok ? result.reply.text : result.message));
  }

  /// Issues a command of slot 5, and returns its index.
  std::uint32_t issue(std::uint64_t tag, LaneId lane = 5, PublishListener* listener = nullptr) {
    const std::uint32_t index = lanes.create(lane, 10);
    lanes[index].tag = tag;
    lanes[index].listener = listener;
    lanes.give(index);
    return index;
  }
  Done take_done() { return std::exchange(done, {}); }

  Options options;
  Log log;
  SameBytes random;
  ClusterNodes nodes{options};
  Reports reports{log};
  Counters counters;
  std::uint64_t now = 1'000;
  std::set<NodeId> busy;
  Done done;
  std::vector<CommandDone> answers;
  int refreshes = 0;
  ClusterLanes lanes{options, nodes, reports, counters, *this};
  ClusterQuestions questions{options, nodes, reports, counters, *this};
};

const std::string moved = "MOVED 5 127.0.0.1:2";

}  // namespace

TEST_CASE("cluster lanes: commands go to the owner of their slot at once") {
  Scene scene;
  const std::uint32_t index = scene.issue(1);
  CHECK(scene.take_done() == Done{"1 to 0"});
  CHECK(scene.lanes.live_count() == 1);
  CHECK(scene.lanes.bytes() == 10);

  CHECK_FALSE(scene.lanes.comes_back(index, Outcome::ok, {}));
  scene.lanes.release(index);
  CHECK(scene.lanes.live_count() == 0);
  CHECK(scene.lanes.bytes() == 0);
}

TEST_CASE("cluster lanes: commands wait in order while their node is busy") {
  Scene scene;
  scene.busy = {0};
  scene.issue(1);
  scene.issue(2);
  CHECK(scene.lanes.queued_count() == 2);
  scene.busy = {};
  scene.issue(3);
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"1 to 0", "2 to 0", "3 to 0"});
}

TEST_CASE("cluster lanes: after MOVED nothing is sent before all have returned, and the order is kept") {
  Scene scene;
  const std::uint32_t first = scene.issue(1);
  const std::uint32_t second = scene.issue(2);
  scene.take_done();

  CHECK(scene.lanes.comes_back(first, Outcome::refused, moved));
  scene.issue(3);
  scene.lanes.pump();
  CHECK(scene.take_done().empty());
  CHECK(scene.lanes.comes_back(second, Outcome::refused, moved));
  scene.lanes.pump();

  CHECK(scene.take_done() == Done{"1 to 1"});  // one at a time, until the node has accepted one
  CHECK(scene.refreshes == 2);
  CHECK_FALSE(scene.lanes.comes_back(first, Outcome::ok, {}));
  scene.lanes.release(first);
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"2 to 1", "3 to 1"});
}

TEST_CASE("cluster lanes: ASK is for one command, and changes no owner") {
  Scene scene;
  const std::uint32_t index = scene.issue(1);
  scene.take_done();
  CHECK(scene.lanes.comes_back(index, Outcome::refused, "ASK 5 127.0.0.1:2"));
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"asking 1 to 1"});
  CHECK(scene.nodes.owner_of(5) == 0);
  CHECK(scene.refreshes == 0);
}

TEST_CASE("cluster lanes: a temporary error is retried after a pause, up to command_timeout_ms") {
  Scene scene;
  scene.options.command_timeout = std::chrono::milliseconds(60);
  const std::uint32_t index = scene.issue(1);
  scene.take_done();
  CHECK(scene.lanes.comes_back(index, Outcome::refused, "TRYAGAIN Multiple keys"));
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"wake after 50"});
  scene.now += 60;
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"1 to 0"});
  CHECK_FALSE(scene.lanes.comes_back(index, Outcome::refused, "TRYAGAIN Multiple keys"));
}

TEST_CASE("cluster lanes: any other error, and too many redirections, are the reply") {
  Scene scene;
  scene.options.cluster_redirects_max = 1;
  const std::uint32_t index = scene.issue(1);
  CHECK_FALSE(scene.lanes.comes_back(index, Outcome::refused, "WRONGTYPE"));
  const std::uint32_t other = scene.issue(2);
  CHECK(scene.lanes.comes_back(other, Outcome::refused, moved));
  scene.lanes.release(index);
  scene.lanes.pump();
  CHECK_FALSE(scene.lanes.comes_back(other, Outcome::refused, moved));
}

TEST_CASE("cluster lanes: a command that may have been executed is not sent again") {
  Scene scene;
  const std::uint32_t index = scene.issue(1);
  scene.take_done();
  CHECK(scene.lanes.comes_back(index, Outcome::unconfirmed, "lost"));
  CHECK(scene.take_done() == Done{"1 unconfirmed lost"});
  CHECK(scene.counters.unconfirmed == 1);
  CHECK(scene.lanes.live_count() == 0);
}

TEST_CASE("cluster lanes: a command that was not sent waits, or fails, as OfflinePolicy says") {
  for (const bool fails : {false, true}) {
    CAPTURE(fails);
    Scene scene;
    scene.options.offline = fails ? OfflinePolicy::fail : OfflinePolicy::queue;
    const std::uint32_t index = scene.issue(1);
    CHECK(scene.lanes.comes_back(index, Outcome::not_sent, "lost"));
    CHECK(scene.lanes.queued_count() == (fails ? 0 : 1));
    CHECK(scene.counters.not_sent_offline == (fails ? 1 : 0));
  }
}

TEST_CASE("cluster lanes: abandoned commands, and those of a closed client, are not sent again") {
  for (const bool is_closed : {false, true}) {
    CAPTURE(is_closed);
    Scene scene;
    const std::uint32_t index = scene.issue(1);
    if (is_closed) {
      scene.lanes.finish();
    } else {
      scene.lanes.abandon();
    }
    CHECK(scene.lanes.comes_back(index, Outcome::not_sent, "lost"));
    CHECK(scene.lanes.queued_count() == 0);
    CHECK((is_closed ? scene.counters.not_sent_closed : scene.counters.not_sent_abandoned) == 1);
  }
}

TEST_CASE("cluster lanes: the command that has waited longest in any lane is dropped first") {
  Scene scene;
  scene.busy = {0};
  scene.issue(1, 7);
  scene.issue(2, 3);
  scene.issue(3, 7);
  CHECK(scene.lanes.drop_oldest());
  CHECK(scene.lanes.drop_oldest());
  CHECK(scene.lanes.drop_oldest());
  CHECK_FALSE(scene.lanes.drop_oldest());
  const std::string why = " not sent It was dropped to make room for newer ones.";
  CHECK(scene.take_done() == Done{"1" + why, "2" + why, "3" + why});
  CHECK(scene.counters.dropped_oldest == 3);
}

TEST_CASE("cluster lanes: publishes wait for the subscribers of a lost node, other commands do not") {
  Scene scene;
  NoListener listener;
  scene.nodes[0]->resume_ms = 1'300;
  scene.issue(1, 5, &listener);
  scene.issue(2, 6);
  CHECK(scene.take_done() == Done{"wake after 300", "2 to 0"});
  scene.now = 1'300;
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"1 to 0"});
}

TEST_CASE("cluster lanes: a transaction counts as its commands") {
  Scene scene;
  const std::uint32_t index = scene.lanes.create_transaction();
  scene.lanes.extend_transaction(index, "MULTI", {});
  scene.lanes.extend_transaction(index, "EXEC", {});
  CHECK(scene.lanes.live_count() == 2);
  CHECK(scene.lanes.bytes() == 9);
  std::uint64_t counter = 0;
  scene.lanes.end(index, Outcome::not_sent, "closed", counter);
  CHECK(counter == 2);
  CHECK(scene.take_done() == Done{"0 not sent closed", "0 not sent closed"});
  CHECK(scene.lanes.live_count() == 0);
}

TEST_CASE("cluster questions: every node is asked, and the replies are joined") {
  Scene scene;
  const std::vector<std::string_view> words{"CLIENT", "LIST"};
  scene.questions.add(words, 10, Route::Kind::every_node, {});
  scene.questions.pump();
  CHECK(scene.take_done() == Done{"CLIENT to 0", "CLIENT to 1"});
  scene.answers[0]({Outcome::ok, {}, {Reply::Type::text, 0, "a\n", {}}});
  scene.questions.pump();
  CHECK(scene.take_done().empty());
  scene.answers[1]({Outcome::ok, {}, {Reply::Type::text, 0, "b\n", {}}});
  CHECK(scene.questions.count() == 1);
  scene.questions.pump();

  CHECK(scene.take_done() == Done{"0 ok a\nb\n"});
  CHECK(scene.questions.count() == 0);
  CHECK(scene.questions.bytes() == 0);
  CHECK(scene.counters.answered == 1);
}

TEST_CASE("cluster questions: one refusal is the reply, and a node that is away is left out") {
  Scene scene;
  scene.nodes.on_lost(1, 0);
  const std::vector<std::string_view> words{"PUBSUB"};
  scene.questions.add(words, 10, Route::Kind::every_node, {});
  scene.questions.pump();
  CHECK(scene.take_done() == Done{"PUBSUB to 0"});
  scene.answers[0]({Outcome::refused, "NOPERM", {}});
  scene.questions.pump();
  CHECK(scene.take_done() == Done{"0 refused NOPERM"});
  CHECK(scene.counters.refused == 1);
}

TEST_CASE("cluster questions: when they end early, those that were asked are unconfirmed") {
  Scene scene;
  const std::vector<std::string_view> words{"PUBSUB"};
  scene.questions.add(words, 10, Route::Kind::primaries, {});
  scene.questions.pump();
  scene.questions.add(words, 10, Route::Kind::primaries, {});
  scene.take_done();
  std::uint64_t counter = 0;
  scene.questions.end_all("closed", counter);
  CHECK(scene.take_done() == Done{"0 unconfirmed closed", "0 not sent closed"});
  CHECK(counter == 1);
  CHECK(scene.counters.unconfirmed == 1);
  CHECK(scene.questions.count() == 0);
}

}  // namespace cluster_lanes_test
