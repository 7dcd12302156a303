// Recovery of a client on a Redis Cluster: its session and the stream are on different nodes, which reply in any order.

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node.hpp"

namespace streams_recovery_test {

using namespace nodes;
using socketio::adapter::SavedSession;
using socketio::redis::CommandDone;
using socketio::redis::CommandResult;
using socketio::redis::Outcome;
using socketio::redis::Reply;

namespace {

/// A Redis that replies to commands when a test calls answer().
class HeldBus final : public socketio::adapter::Bus {
 public:
  void publish(SubscriptionKind, std::string_view, Bytes) override {}
  void subscribe(SubscriptionKind, std::string_view, MessageListener&) override {}
  void unsubscribe(SubscriptionKind, std::string_view) override {}
  void count_subscribers(SubscriptionKind, std::string_view, std::function<void(std::optional<std::size_t>)>) override {}
  void command(std::span<const std::string_view> words, CommandDone done) override {
    commands.push_back({{words.begin(), words.end()}, std::move(done)});
  }
  std::unique_ptr<socketio::adapter::StreamReader> read_stream(const socketio::adapter::StreamReading&,
                                                               socketio::adapter::StreamListener&) override {
    class Reader final : public socketio::adapter::StreamReader {
      [[nodiscard]] std::string_view position() const noexcept override { return "0-0"; }
    };
    return std::make_unique<Reader>();
  }

  /// Replies to the oldest command of that name.
  void answer(std::string_view name, CommandResult result) {
    for (auto& [words, done] : commands) {
      if (words[0] == name && done) {
        std::exchange(done, nullptr)(std::move(result));
        return;
      }
    }
    FAIL("no such command was given");
  }

  struct Given {
    std::vector<std::string> words;
    CommandDone done;
  };
  std::vector<Given> commands;
};

Reply text(std::string value) { return {Reply::Type::text, 0, std::move(value), {}}; }
CommandResult array(std::vector<Reply> elements) {
  CommandResult result;
  result.reply = {Reply::Type::array, 0, {}, std::move(elements)};
  return result;
}
CommandResult refused() { return {Outcome::refused, "NOPERM no", {}}; }

constexpr std::string_view pid = "a-private-id";
constexpr std::string_view offset = "1700000000000-0";

/// A server that has saved the session of one client.
struct Server {
  Server() : bus(std::make_shared<HeldBus>()), host(time, "/", 1) {
    host.keep_sessions_for_ms(60'000);
    adapter = socketio::streams_adapter(bus)(host);
    SavedSession session;
    session.sid = "abcdefghijklmnopqrst";
    session.pid = pid;
    session.rooms = {session.sid, "room"};
    session.data.append(packed("{}").bytes());
    adapter->save(std::move(session));
    REQUIRE(bus->commands.size() == 1);
    saved = bus->commands[0].words.at(2);
  }

  void recover() {
    adapter->recover(pid, offset, [this](std::optional<SavedSession> session) {
      ++answered;
      recovered = std::move(session);
    });
  }
  /// Requests missed events, and counts the results, each of which must say that they are gone.
  void catch_up_in_vain(int& answers) {
    SavedSession session;
    session.sid = "abcdefghijklmnopqrst";
    adapter->catch_up(session, offset, [&answers](const std::optional<socketio::adapter::MissedPackets>& missed) {
      ++answers;
      CHECK_FALSE(missed);
    });
  }
  void answer_session() { bus->answer("EXEC", array({text(saved), {Reply::Type::integer, 1, {}, {}}})); }
  void answer_offset() { bus->answer("XRANGE", array({text("an entry")})); }

  FakeTime time;
  std::shared_ptr<HeldBus> bus;
  FakeHost host;
  std::unique_ptr<Adapter> adapter;
  std::string saved;
  int answered = 0;
  std::optional<SavedSession> recovered;
};

}  // namespace

TEST_CASE("streams recovery: a client recovers whichever node answers first") {
  for (const bool session_first : {true, false}) {
    CAPTURE(session_first);
    Server server;
    server.recover();
    session_first ? server.answer_session() : server.answer_offset();
    CHECK(server.answered == 0);
    session_first ? server.answer_offset() : server.answer_session();
    CHECK(server.answered == 1);
    REQUIRE(server.recovered);
    CHECK(server.recovered->rooms == std::vector<std::string>{"abcdefghijklmnopqrst", "room"});
    CHECK(server.adapter->counters().recoveries_failed == 0);
  }
}

TEST_CASE("streams recovery: without the session, or the offset, there is none, in either order") {
  for (const bool session_first : {true, false}) {
    for (const bool has_session : {true, false}) {
      CAPTURE(session_first);
      CAPTURE(has_session);
      Server server;
      server.recover();
      const auto answer_session = [&] { has_session ? server.answer_session() : server.bus->answer("EXEC", refused()); };
      const auto answer_offset = [&] { server.bus->answer("XRANGE", has_session ? array({}) : array({text("an entry")})); };
      session_first ? answer_session() : answer_offset();
      session_first ? answer_offset() : answer_session();
      CHECK(server.answered == 1);
      CHECK_FALSE(server.recovered);
      CHECK(server.adapter->counters().recoveries_failed == 1);
    }
  }
}

TEST_CASE("streams recovery: a client is told once that it is not recovered when the adapter ends before Redis answers") {
  for (const bool closed : {true, false}) {
    CAPTURE(closed);
    Server server;
    server.recover();
    server.answer_offset();
    if (closed) {
      server.adapter->close();
    } else {
      server.adapter.reset();
    }
    CHECK(server.answered == 1);
    server.answer_session();
    CHECK(server.answered == 1);
    CHECK_FALSE(server.recovered);
  }
}

TEST_CASE("streams recovery: missed events are told once as gone when the adapter ends before Redis answers") {
  for (const bool closed : {true, false}) {
    CAPTURE(closed);
    Server server;
    int answered = 0;
    server.catch_up_in_vain(answered);
    CHECK(answered == 0);
    if (closed) {
      server.adapter->close();
    } else {
      server.adapter.reset();
    }
    CHECK(answered == 1);
    server.bus->answer("XRANGE", array({}));
    CHECK(answered == 1);
  }
}

TEST_CASE("streams recovery: a client begins anew when Redis does not tell its session or its missed events in time") {
  Server server;
  server.recover();
  server.answer_session();
  server.time.advance(1'999);
  CHECK(server.answered == 0);
  server.time.advance(1);
  CHECK(server.answered == 1);
  CHECK_FALSE(server.recovered);
  server.answer_offset();
  CHECK(server.answered == 1);

  int answered = 0;
  server.catch_up_in_vain(answered);
  server.time.advance(2'000);
  CHECK(answered == 1);
  server.bus->answer("XRANGE", array({}));
  CHECK(answered == 1);
  CHECK(server.adapter->counters().recoveries_failed == 2);
}

TEST_CASE("streams recovery: a session that Redis does not take is counted") {
  Server server;
  CHECK(server.adapter->counters().sessions_saved == 1);
  CHECK(server.adapter->counters().entries_failed == 0);
  server.bus->answer("SET", refused());
  CHECK(server.adapter->counters().entries_failed == 1);
}

}  // namespace streams_recovery_test
