#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster_lanes.hpp"
#include "cluster_questions.hpp"
#include "resp.hpp"
#include "slot_map.hpp"
#include "state_machine_fixture.hpp"

namespace cluster_lanes_test {

using namespace socketio;
using namespace socketio::redis;
using namespace state_machine;

namespace {

using Done = std::vector<std::string>;

std::string encode(const std::vector<std::string_view>& words) {
  std::string encoded(command_size(words), '\0');
  write_command(reinterpret_cast<std::uint8_t*>(encoded.data()), words);
  return encoded;
}

/// The words of a command, without their sizes.
std::string words_of(const std::string& encoded) {
  std::string words;
  for (std::size_t at = 0; at < encoded.size();) {
    const std::size_t end = encoded.find("\r\n", at);
    if (encoded[at] != '*' && encoded[at] != '$') {
      words += (words.empty() ? "" : " ") + encoded.substr(at, end - at);
    }
    at = end + 2;
  }
  return words;
}

/// Records the outcomes of publishes and other commands.
class Outcomes final : public PublishListener {
 public:
  void on_published(std::uint64_t tag, Outcome outcome, std::int64_t, std::string_view message) override {
    add(std::to_string(tag), {outcome, std::string(message), {}});
  }
  void add(const std::string& command, const CommandResult& result) {
    const char* const outcome = result.outcome == Outcome::ok            ? " ok "
                                : result.outcome == Outcome::refused     ? " refused "
                                : result.outcome == Outcome::unconfirmed ? " unconfirmed "
                                                                         : " not sent ";
    ended.push_back(command + outcome + (result.outcome == Outcome::ok ? result.reply.text : result.message));
  }
  Done ended;
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
  void wake_after(std::uint64_t delay_ms) override {
    if (delay_ms == 0) {
      ++turns;
    } else {
      done.push_back("wake after " + std::to_string(delay_ms));
    }
  }
  bool can_send(NodeId id) override { return !busy.contains(id); }
  void send(NodeId id, Bytes encoded, PublishListener* listener, std::uint64_t tag, CommandDone answered) override {
    const std::string text(as_text(encoded));
    const std::string command = text.starts_with("*") ? words_of(text) : text;
    done.push_back(command + " to " + std::to_string(id));
    sent.push_back({command, listener, tag, std::move(answered)});
  }

  /// Issues a command of slot 5, whose text is its number.
  void issue(std::uint64_t number, LaneId lane = 5, bool is_publish = false) {
    const std::uint32_t index = lanes.create(lane, 10);
    lanes[index].bytes = std::to_string(number);
    lanes[index].tag = number;
    if (is_publish) {
      lanes[index].listener = &outcomes;
    } else {
      lanes[index].done = done_of(std::to_string(number));
    }
    lanes.give(index);
  }
  CommandDone done_of(const std::string& command) {
    return [this, command](const CommandResult& result) { outcomes.add(command, result); };
  }
  /// The node answers the oldest command with that text.
  void answer(const std::string& command, Outcome outcome, const std::string& message = {}, Reply reply = {}) {
    const auto found = std::find_if(sent.begin(), sent.end(), [&](const Sent& one) { return one.command == command; });
    REQUIRE(found != sent.end());
    const Sent one = std::move(*found);
    sent.erase(found);
    if (one.listener != nullptr) {
      one.listener->on_published(one.tag, outcome, 1, message);
    } else {
      one.answered({outcome, message, std::move(reply)});
    }
  }
  Done take_done() { return std::exchange(done, {}); }
  Done take_ended() {
    context.completions.deliver(context.reports);
    return std::exchange(outcomes.ended, {});
  }

  struct Sent {
    std::string command;
    PublishListener* listener;
    std::uint64_t tag;
    CommandDone answered;
  };
  Context context{Options{}};
  Options& options = context.options;
  SameBytes random;
  ClusterNodes nodes{options};
  Counters& counters = context.counters;
  std::uint64_t now = 1'000;
  std::set<NodeId> busy;
  Done done;
  std::vector<Sent> sent;
  Outcomes outcomes;
  int refreshes = 0;
  int turns = 0;
  ClusterQuestions questions{context, nodes, *this, *this};
  ClusterLanes lanes{context, nodes, *this, *this, questions};
};

const std::string moved = "MOVED 5 127.0.0.1:2";

}  // namespace

TEST_CASE("cluster lanes: commands go to the owner of their slot at once") {
  Scene scene;
  scene.issue(1);
  CHECK(scene.take_done() == Done{"1 to 0"});
  CHECK(scene.lanes.live_count() == 1);
  CHECK(scene.lanes.bytes() == 10);

  scene.answer("1", Outcome::ok);
  CHECK(scene.take_ended() == Done{"1 ok "});
  CHECK(scene.counters.answered == 1);
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
  scene.issue(1);
  scene.issue(2);
  scene.take_done();

  scene.answer("1", Outcome::refused, moved);
  scene.issue(3);
  scene.lanes.pump();
  CHECK(scene.take_done().empty());
  scene.answer("2", Outcome::refused, moved);
  scene.lanes.pump();

  CHECK(scene.take_done() == Done{"1 to 1"});  // one at a time, until the node has accepted one
  CHECK(scene.refreshes == 2);
  CHECK(scene.take_ended().empty());
  scene.answer("1", Outcome::ok);
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"2 to 1", "3 to 1"});
  CHECK(scene.take_ended() == Done{"1 ok "});
}

TEST_CASE("cluster lanes: ASK is for one command, and changes no owner") {
  Scene scene;
  scene.issue(1);
  scene.take_done();
  scene.answer("1", Outcome::refused, "ASK 5 127.0.0.1:2");
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"ASKING to 1", "1 to 1"});
  CHECK(scene.nodes.owner_of(5) == 0);
  CHECK(scene.refreshes == 0);
}

TEST_CASE("cluster lanes: a temporary error is retried after a pause, up to command_timeout") {
  Scene scene;
  scene.options.command_timeout = std::chrono::milliseconds(60);
  scene.issue(1);
  scene.take_done();
  scene.answer("1", Outcome::refused, "TRYAGAIN Multiple keys");
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"wake after 50"});
  CHECK(scene.take_ended().empty());
  scene.now += 60;
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"1 to 0"});
  scene.answer("1", Outcome::refused, "TRYAGAIN Multiple keys");
  CHECK(scene.take_ended() == Done{"1 refused TRYAGAIN Multiple keys"});
}

TEST_CASE("cluster lanes: any other error, and too many redirections, are the reply") {
  Scene scene;
  scene.options.cluster_redirects_max = 1;
  scene.issue(1);
  scene.answer("1", Outcome::refused, "WRONGTYPE");
  CHECK(scene.take_ended() == Done{"1 refused WRONGTYPE"});
  scene.issue(2);
  scene.answer("2", Outcome::refused, moved);
  scene.lanes.pump();
  CHECK(scene.take_ended().empty());
  scene.answer("2", Outcome::refused, moved);
  CHECK(scene.take_ended() == Done{"2 refused " + moved});
}

TEST_CASE("cluster lanes: a command that may have been executed is not sent again") {
  Scene scene;
  scene.issue(1, 5, true);
  scene.answer("1", Outcome::unconfirmed, "lost");
  CHECK(scene.take_ended() == Done{"1 unconfirmed lost"});
  CHECK(scene.counters.unconfirmed == 1);
  CHECK(scene.lanes.live_count() == 0);
}

TEST_CASE("cluster lanes: a command that was not sent waits, or fails, as OfflinePolicy says") {
  for (const bool fails : {false, true}) {
    CAPTURE(fails);
    Scene scene;
    scene.options.offline = fails ? OfflinePolicy::fail : OfflinePolicy::queue;
    scene.issue(1);
    scene.answer("1", Outcome::not_sent, "lost");
    CHECK(scene.take_ended() == (fails ? Done{"1 not sent lost"} : Done{}));
    CHECK(scene.lanes.queued_count() == (fails ? 0 : 1));
    CHECK(scene.counters.not_sent_offline == (fails ? 1 : 0));
  }
}

TEST_CASE("cluster lanes: abandoned commands, and those of a closed client, are not sent again") {
  for (const bool is_closed : {false, true}) {
    CAPTURE(is_closed);
    Scene scene;
    scene.issue(1);
    scene.context.closing.is_final = is_closed;
    if (!is_closed) {
      scene.lanes.abandon();
    }
    scene.answer("1", Outcome::not_sent, "lost");
    CHECK(scene.take_ended() == Done{"1 not sent lost"});
    CHECK(scene.lanes.queued_count() == 0);
    CHECK((is_closed ? scene.counters.not_sent_closed : scene.counters.not_sent_abandoned) == 1);
  }
}

TEST_CASE("cluster lanes: the command that has waited longest in any lane is dropped first") {
  Scene scene;
  scene.busy = {0};
  scene.issue(1, 7, true);
  scene.issue(2, 3);
  scene.issue(3, 7);
  CHECK(scene.lanes.drop_oldest());
  CHECK(scene.lanes.drop_oldest());
  CHECK(scene.lanes.drop_oldest());
  CHECK_FALSE(scene.lanes.drop_oldest());
  const std::string why = " not sent It was dropped to make room for newer ones.";
  CHECK(scene.take_ended() == Done{"1" + why, "2" + why, "3" + why});
  CHECK(scene.counters.dropped_oldest == 3);
}

TEST_CASE("cluster lanes: publishes wait for the subscribers of a lost node, other commands do not") {
  Scene scene;
  scene.nodes[0]->resume_ms = 1'300;
  scene.issue(1, 5, true);
  scene.issue(2, 6);
  CHECK(scene.take_done() == Done{"wake after 300", "2 to 0"});
  scene.now = 1'300;
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"1 to 0"});
}

TEST_CASE("cluster lanes: publishes do not wait once Options::resume_when says so, or the client closes") {
  for (const bool is_closing : {false, true}) {
    CAPTURE(is_closing);
    Scene scene;
    bool may_resume = false;
    scene.options.resume_when = [&may_resume](std::uint64_t) { return may_resume; };
    scene.nodes[0]->resume_ms = 1'300;
    scene.issue(1, 5, true);
    CHECK(scene.take_done() == Done{"wake after 300"});
    may_resume = !is_closing;
    scene.context.closing.has_begun = is_closing;
    scene.lanes.pump();
    CHECK(scene.take_done() == Done{"1 to 0"});
  }
}

TEST_CASE("cluster lanes: a transaction is sent at EXEC, to the slot of its first key, and counts as its commands") {
  Scene scene;
  for (const auto& words : std::vector<std::vector<std::string_view>>{{"MULTI"}, {"SET", "key", "1"}}) {
    scene.lanes.add_to_transaction(words, scene.done_of(std::string(words[0])));
  }
  CHECK(scene.lanes.in_transaction());
  CHECK(scene.lanes.live_count() == 2);
  CHECK(scene.take_done().empty());
  scene.lanes.add_to_transaction(std::vector<std::string_view>{"EXEC"}, scene.done_of("EXEC"));
  CHECK_FALSE(scene.lanes.in_transaction());
  CHECK(scene.lanes.live_count() == 3);
  CHECK(scene.take_done() == Done{"MULTI to 0", "SET key 1 to 0", "EXEC to 0"});

  scene.answer("MULTI", Outcome::ok);
  scene.answer("SET key 1", Outcome::ok);
  CHECK(scene.take_ended().empty());  // the node may still redirect all of them
  scene.answer("EXEC", Outcome::ok);
  CHECK(scene.take_ended() == Done{"MULTI ok ", "SET ok ", "EXEC ok "});
  CHECK(scene.counters.answered == 3);
  CHECK(scene.lanes.live_count() == 0);
  CHECK(scene.lanes.bytes() == 0);
}

TEST_CASE("cluster lanes: when a node redirects a part of a transaction, all of it is sent again") {
  Scene scene;
  const std::string moved_key = "MOVED " + std::to_string(slot_of("key")) + " 127.0.0.1:2";
  for (const auto& words : std::vector<std::vector<std::string_view>>{{"MULTI"}, {"SET", "key", "1"}, {"EXEC"}}) {
    scene.lanes.add_to_transaction(words, scene.done_of(std::string(words[0])));
  }
  scene.take_done();
  scene.answer("MULTI", Outcome::ok);
  scene.answer("SET key 1", Outcome::refused, moved_key);
  scene.answer("EXEC", Outcome::refused, "EXECABORT");
  CHECK(scene.take_ended().empty());
  scene.lanes.pump();
  CHECK(scene.take_done() == Done{"MULTI to 1", "SET key 1 to 1", "EXEC to 1"});
}

TEST_CASE("cluster lanes: a transaction that is not complete ends with what waits") {
  Scene scene;
  scene.lanes.add_to_transaction(std::vector<std::string_view>{"MULTI"}, scene.done_of("MULTI"));
  scene.lanes.add_to_transaction(std::vector<std::string_view>{"PING"}, scene.done_of("PING"));
  std::uint64_t counter = 0;
  scene.lanes.end_queued("closed", counter);
  CHECK(counter == 2);
  CHECK(scene.take_ended() == Done{"MULTI not sent closed", "PING not sent closed"});
  CHECK(scene.lanes.live_count() == 0);
  CHECK_FALSE(scene.lanes.in_transaction());
}

TEST_CASE("cluster lanes: an answer to a command makes room for a question, so that a turn is requested") {
  Scene scene;
  scene.issue(1);
  scene.issue(2);
  scene.answer("1", Outcome::ok);
  CHECK(scene.turns == 0);

  scene.busy = {0, 1};
  scene.questions.add(encode({"PUBSUB", "CHANNELS"}), Route::Kind::every_node, {});
  scene.questions.pump();
  scene.answer("2", Outcome::ok);
  CHECK(scene.turns == 1);
}

TEST_CASE("cluster questions: every node is asked, and the replies are joined") {
  Scene scene;
  scene.questions.add(encode({"CLIENT", "LIST"}), Route::Kind::every_node, scene.done_of("CLIENT"));
  scene.questions.pump();
  CHECK(scene.take_done() == Done{"CLIENT LIST to 0", "CLIENT LIST to 1"});
  scene.answer("CLIENT LIST", Outcome::ok, {}, {Reply::Type::text, 0, "a\n", {}});
  scene.questions.pump();
  CHECK(scene.take_ended().empty());
  scene.answer("CLIENT LIST", Outcome::ok, {}, {Reply::Type::text, 0, "b\n", {}});
  CHECK(scene.questions.count() == 1);
  scene.questions.pump();

  CHECK(scene.take_ended() == Done{"CLIENT ok a\nb\n"});
  CHECK(scene.questions.count() == 0);
  CHECK(scene.questions.bytes() == 0);
  CHECK(scene.counters.answered == 1);
}

TEST_CASE("cluster questions: one refusal is the reply, and a node that is away is left out") {
  Scene scene;
  scene.nodes.on_lost(1, 0);
  scene.questions.add(encode({"PUBSUB"}), Route::Kind::every_node, scene.done_of("PUBSUB"));
  scene.questions.pump();
  CHECK(scene.take_done() == Done{"PUBSUB to 0"});
  scene.answer("PUBSUB", Outcome::refused, "NOPERM");
  scene.questions.pump();
  CHECK(scene.take_ended() == Done{"PUBSUB refused NOPERM"});
  CHECK(scene.counters.refused == 1);
}

TEST_CASE("cluster questions: when they end early, those that were asked are unconfirmed") {
  Scene scene;
  scene.questions.add(encode({"PUBSUB"}), Route::Kind::primaries, scene.done_of("asked"));
  scene.questions.pump();
  scene.questions.add(encode({"PUBSUB"}), Route::Kind::primaries, scene.done_of("not asked"));
  std::uint64_t counter = 0;
  scene.questions.end_all("closed", counter);
  CHECK(scene.take_ended() == Done{"asked unconfirmed closed", "not asked not sent closed"});
  CHECK(counter == 1);
  CHECK(scene.counters.unconfirmed == 1);
  CHECK(scene.questions.count() == 0);
}

}  // namespace cluster_lanes_test
