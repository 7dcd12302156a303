// The conversation with one server, without a connection: bytes in, bytes out.

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "session.hpp"

namespace session_test {

using namespace socketio;
using namespace socketio::redis;

namespace {

using Events = std::vector<std::string>;

class Scene final : public SessionListener, public PublishListener, public MessageListener {
 public:
  explicit Scene(Options given = {}) : context(std::move(given)) {}

  std::shared_ptr<const void> hold() override { return nullptr; }
  void on_logged_in() override { events.emplace_back("logged in"); }
  void on_subscriptions_changed() override { ++changes; }
  void on_failure(const Login::Failure& failure) override {
    events.push_back(failure.why);
    session.settle_writes(false);
    session.end();
    session.subscriptions().connection_ended();
  }
  void on_events_end() override {}
  void on_published(std::uint64_t tag, Outcome outcome, std::int64_t receivers, std::string_view message) override {
    events.push_back(std::to_string(tag) +
                     (outcome == Outcome::ok ? " reached " + std::to_string(receivers) : " failed: " + std::string(message)));
  }
  void on_message(std::string_view channel, Bytes payload) override {
    events.push_back(std::string(channel) + ": " + std::string(as_text(payload)));
  }
  void on_subscribed(std::string_view name, std::string_view error) override {
    events.push_back(std::string(name) + (error.empty() ? " subscribed" : ": " + std::string(error)));
  }

  void publish(std::uint64_t tag) { session.commands().publish(false, "c", as_bytes("x"), *this, tag); }
  CommandDone done() {
    return [this](const CommandResult& result) {
      events.push_back(result.outcome == Outcome::ok ? "reply " + result.reply.text : "failed: " + result.message);
    };
  }
  /// Writes what there is to write; the system takes all of it.
  std::string take_written(bool with_commands = true) {
    std::string written;
    std::array<Bytes, 8> parts;
    while (const std::size_t count = session.gather(parts, now_ms, with_commands)) {
      std::size_t size = 0;
      for (const Bytes part : std::span(parts).first(count)) {
        written += as_text(part);
        size += part.size();
      }
      CHECK(session.commands().writer().took(size, now_ms).empty());
      session.liveness().on_write(now_ms);
    }
    return written;
  }
  void receive(std::string_view bytes) { session.take_bytes(as_bytes(bytes), now_ms); }
  Events take_events() {
    context.completions.deliver(context.reports);
    return std::exchange(events, {});
  }

  Context context;
  std::uint64_t now_ms = 1'000;
  Retry retry{context.options};
  Session session{context, retry, true, *this};
  Events events;
  int changes = 0;
};

const std::string publish_command = "*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$1\r\nx\r\n";

}  // namespace

TEST_CASE("session: without a log-in, commands are written at once, and replies reach those who issued them in order") {
  Scene scene;
  scene.publish(1);
  CHECK(scene.take_written().empty());  // there is no connection
  scene.session.begin(false, 0);
  CHECK(scene.take_events() == Events{"logged in"});
  scene.session.commands().command(std::array<std::string_view, 1>{"TIME"}, scene.done());
  CHECK(scene.take_written() == publish_command + "*1\r\n$4\r\nTIME\r\n");

  scene.receive(":3\r\n+now\r\n");

  CHECK(scene.take_events() == Events{"1 reached 3", "reply now"});
  CHECK(scene.context.counters.answered == 2);
}

TEST_CASE("session: commands wait for the log-in, also when the bytes of its replies come one by one") {
  Options options;
  options.password = "secret";
  options.database = 2;
  Scene scene(options);
  scene.publish(1);
  scene.session.begin(false, 0);
  CHECK(scene.take_written() == "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n");
  for (const char byte : std::string("+OK\r\n+OK\r\n")) {
    CHECK_FALSE(scene.session.is_logged_in());
    scene.receive({&byte, 1});
  }
  CHECK(scene.session.is_logged_in());
  CHECK(scene.take_written() == publish_command);
}

TEST_CASE("session: a refused log-in is a failure, and nothing that follows it is read") {
  Options options;
  options.password = "secret";
  Scene scene(options);
  scene.session.begin(false, 0);
  scene.take_written();
  scene.receive("-WRONGPASS no\r\n:1\r\n");
  const Events events = scene.take_events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].find("WRONGPASS") != std::string::npos);
  CHECK(scene.context.counters.protocol_errors == 0);
}

TEST_CASE("session: after a failure nothing is written before Redis has replied once") {
  Scene scene;
  scene.publish(1);
  scene.session.begin(true, 0);
  CHECK(scene.take_written() == "*1\r\n$4\r\nPING\r\n");
  scene.receive("+PONG\r\n");
  CHECK(scene.take_written() == publish_command);
}

TEST_CASE("session: an answer that nobody waits for, and a publish that is not answered by a number, are failures") {
  for (const bool publishes : {false, true}) {
    CAPTURE(publishes);
    Scene scene;
    scene.session.begin(false, 0);
    if (publishes) {
      scene.publish(1);
      scene.take_written();
    }
    scene.take_events();
    scene.receive("+OK\r\n");
    const std::string what = publishes ? "the answer to PUBLISH is no number." : "an answer that nobody waits for.";
    Events expected{"What answers at redis://127.0.0.1:6379 does not speak as Redis does: " + what};
    if (publishes) {
      expected.emplace_back("1 failed: Redis gave an answer that makes no sense.");
    }
    CHECK(scene.take_events() == expected);
    CHECK(scene.context.counters.protocol_errors == 1);
  }
}

TEST_CASE("session: commands in flight when the connection is lost are unconfirmed, the others are written again") {
  Scene scene;
  scene.session.begin(false, 0);
  scene.publish(1);
  scene.take_written();
  scene.publish(2);
  scene.session.settle_writes(false);
  scene.session.end();
  scene.session.commands().end_in_flight("lost");
  CHECK(scene.take_events() == Events{"logged in", "1 failed: lost"});
  scene.session.begin(false, 0);
  CHECK(scene.take_written() == publish_command);
}

TEST_CASE("session: no more commands are written while a reply is late") {
  Options options;
  options.command_timeout = std::chrono::milliseconds(1'000);
  Scene scene(options);
  scene.session.begin(false, scene.now_ms);
  scene.publish(1);
  scene.take_written();
  scene.publish(2);
  scene.now_ms += 101;
  CHECK(scene.take_written().empty());
  CHECK(scene.session.check_replies(scene.now_ms).kind == Liveness::Verdict::Kind::wait);
  scene.now_ms += 900;
  CHECK(scene.session.check_replies(scene.now_ms).kind == Liveness::Verdict::Kind::dead);
  scene.receive(":1\r\n");
  CHECK(scene.take_written() == publish_command);
}

TEST_CASE("session: an idle connection gets a PING, whose reply is nobody's") {
  Options options;
  options.keepalive = std::chrono::milliseconds(50);
  Scene scene(options);
  scene.session.begin(false, scene.now_ms);
  CHECK(scene.session.keep_alive(scene.now_ms + 20) == 30);
  CHECK(scene.take_written().empty());
  CHECK(scene.session.keep_alive(scene.now_ms + 50) == 50);
  CHECK(scene.take_written() == "*1\r\n$4\r\nPING\r\n");
  scene.receive("+PONG\r\n");
  CHECK(scene.take_events() == Events{"logged in"});
}

TEST_CASE("session: subscriptions are requested once the commands before them have completed, and messages arrive") {
  Scene scene;
  scene.session.begin(false, 0);
  scene.publish(1);
  scene.take_written();
  scene.session.subscriptions().add(SubscriptionKind::channel, "a", scene);
  scene.session.request_subscriptions();
  CHECK(scene.take_written().empty());
  scene.receive(":0\r\n");
  scene.session.request_subscriptions();
  CHECK(scene.take_written() == "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n");
  scene.take_events();

  scene.receive("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n");

  CHECK(scene.take_events() == Events{"a subscribed", "a: hi"});
  CHECK(scene.session.subscriptions().unconfirmed_count() == 0);
  CHECK(scene.context.counters.messages == 1);
}

TEST_CASE("session: a refused subscription is counted and reported") {
  Scene scene;
  scene.session.subscriptions().add(SubscriptionKind::channel, "a", scene);
  scene.session.begin(false, 0);
  scene.take_written();
  scene.receive("-NOPERM no\r\n");
  scene.session.deliver_subscriptions();
  CHECK(scene.take_events() == Events{"logged in", "a: NOPERM no"});
  CHECK(scene.session.subscriptions().refused_count() == 1);
  CHECK(scene.context.counters.subscriptions_refused == 1);
}

}  // namespace session_test
