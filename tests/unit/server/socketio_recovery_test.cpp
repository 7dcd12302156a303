// Clients that come back, and go on where their lost connection ended.
//
// Source: docs/wire_server.md, "Connection-state recovery".

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "live_fixture.hpp"

namespace socketio_recovery_test {

using namespace live;

namespace {

ServerOptions recovering() {
  ServerOptions options;
  options.recovery.enabled = true;
  return options;
}

/// A client that was here, has seen one event, and is lost.
struct Lost {
  explicit Lost(ServerOptions options = recovering()) : fixture(std::move(options)) {
    fixture.io->use([this](Socket, Next next) {
      ++middleware_calls;
      next();
    });
    fixture.io->on_connection([this](Socket socket) {
      connected = socket;
      if (!socket.recovered()) {
        socket.join({"x", "y"});
        socket.set_data(std::string("mine"));
      }
      socket.emit("welcome");
    });
    client = std::make_unique<Client>(fixture);
    client->send("0");
    const std::string answer = client->next();
    sid = member(answer, "sid");
    pid = member(answer, "pid");
    REQUIRE(is_id(pid));
    offset = offset_of(client->next());
  }
  void lose() {
    client->reset();
    CHECK(fixture.until_count(0));
  }
  /// Connects again, and returns what came until the CONNECT answer, and that.
  Names come_back(const std::string& more = {}) {
    client = std::make_unique<Client>(fixture);
    client->send("0{\"pid\":\"" + pid + "\",\"offset\":\"" + offset + "\"" + more + "}");
    return client->take();
  }
  static std::string offset_of(const std::string& message) {
    const std::size_t end = message.rfind('"');
    const std::size_t begin = message.rfind('"', end - 1) + 1;
    return message.substr(begin, end - begin);
  }
  /// The names of the events among messages, and what else came.
  static Names names_of(const Names& messages) {
    Names names;
    for (const std::string& message : messages) {
      names.push_back(message.starts_with("2[\"") ? message.substr(3, message.find('"', 3) - 3) : without_ids(message));
    }
    return names;
  }

  int middleware_calls = 0;
  std::optional<Socket> connected;
  Fixture fixture;
  std::unique_ptr<Client> client;
  std::string sid, pid, offset;
};

const std::string answered = "0{\"sid\":\"(id)\",\"pid\":\"(id)\"}";

}  // namespace

TEST_CASE("recovery: missed events come first, then the same ids; rooms and data are there, middlewares are skipped") {
  Lost lost;
  lost.lose();
  Server& io = *lost.fixture.io;
  io.emit("to all");
  io.to("x").emit("to x");
  io.to("z").emit("to z");
  io.except("y").emit("without y");
  io.to(lost.sid).emit("private");
  io.volatile_().emit("volatile");
  const Names came = lost.come_back(",\"token\":1");
  CHECK(Lost::names_of(came) == Names{"to all", "to x", "private", answered, "welcome"});
  CHECK(member(came.at(3), "sid") == lost.sid);
  CHECK(member(came.at(3), "pid") == lost.pid);
  CHECK(lost.connected->recovered());
  CHECK(lost.connected->id() == lost.sid);
  CHECK(lost.connected->data().json() == "\"mine\"");
  Names rooms = lost.connected->rooms();
  std::sort(rooms.begin(), rooms.end());
  Names expected{lost.sid, "x", "y"};
  std::sort(expected.begin(), expected.end());
  CHECK(rooms == expected);
  CHECK(lost.connected->handshake().auth().member("token").as<int>() == 1);
  CHECK(lost.middleware_calls == 1);
  CHECK(lost.fixture.counters().sessions_recovered == 1);
  io.to("x").emit("still in x");
  CHECK(Lost::names_of(lost.client->take()) == Names{"still in x"});
}

TEST_CASE("recovery: middlewares are asked when that is wanted, and see a recovered socket") {
  ServerOptions options = recovering();
  options.recovery_skips_middlewares = false;
  Lost lost(options);
  int recovered = 0;
  lost.fixture.io->use([&](Socket socket, Next next) {
    recovered += socket.recovered() ? 1 : 0;
    CHECK(socket.id() == lost.sid);
    next();
  });
  lost.lose();
  lost.fixture.io->emit("missed");
  CHECK(Lost::names_of(lost.come_back()) == Names{"missed", answered, "welcome"});
  CHECK(lost.middleware_calls == 2);
  CHECK(recovered == 1);
}

TEST_CASE("recovery: what is sent to a client without ack has an offset, and what asks for an ack has none") {
  Lost lost;
  lost.connected->volatile_().emit("b");  // first: it would not wait behind another
  lost.connected->emit("a", 1);
  lost.connected->emit_with_ack("c", OnAck([](const AckResult&) {}));
  lost.fixture.io->emit_with_ack("d", OnAckAnswers([](const AckAnswers&) {}));
  const Names came = lost.client->take();
  REQUIRE(came.size() == 4);
  CHECK(came[0] == "2[\"b\"]");
  CHECK(came[1] == "2[\"a\",1,\"" + Lost::offset_of(came[1]) + "\"]");
  CHECK(came[2] == "20[\"c\"]");
  CHECK(came[3] == "21[\"d\"]");
  CHECK(Lost::offset_of(came[1]) > lost.offset);
}

TEST_CASE("recovery: anything that is not right makes an ordinary new session, without an error") {
  const auto fails = [](Lost& lost, const std::string& auth) {
    lost.lose();
    lost.fixture.io->emit("missed");
    Client client(lost.fixture);
    client.send("0" + auth);
    const Names came = client.take();
    CHECK(Lost::names_of(came) == Names{answered, "welcome"});
    CHECK(member(came.at(0), "sid") != lost.sid);
    CHECK(member(came.at(0), "pid") != lost.pid);
    CHECK_FALSE(lost.connected->recovered());
    CHECK(lost.connected->data().json() == "\"mine\"");  // by the handler, not from before
    CHECK(lost.middleware_calls == 2);
  };
  const auto ticket = [](std::string_view pid, std::string_view offset) {
    return "{\"pid\":\"" + std::string(pid) + "\",\"offset\":\"" + std::string(offset) + "\"}";
  };
  Lost unknown_pid;
  fails(unknown_pid, ticket("x", unknown_pid.offset));
  Lost unknown_offset;
  fails(unknown_offset, ticket(unknown_offset.pid, "0"));
  Lost no_offset;
  fails(no_offset, "{\"pid\":\"" + no_offset.pid + "\"}");
  Lost numbers;
  fails(numbers, "{\"pid\":1,\"offset\":2}");
  Lost empty;
  fails(empty, ticket("", ""));
  Lost endless;
  fails(endless, ticket(std::string(100'000, 'p'), endless.offset));
  Lost nothing;
  fails(nothing, "");
}

TEST_CASE("recovery: who left on purpose is not kept") {
  Lost lost;
  lost.client->send("1");
  lost.client->take();
  CHECK(Lost::names_of(lost.come_back()) == Names{answered, "welcome"});
  CHECK_FALSE(lost.connected->recovered());
}

TEST_CASE(
    "recovery: of two that come with the same ticket the first has it; one whose connection still lives gets a new session") {
  Lost lost;
  const std::unique_ptr<Client> living = std::move(lost.client);
  CHECK(Lost::names_of(lost.come_back()) == Names{answered, "welcome"});
  CHECK_FALSE(lost.connected->recovered());
  living->reset();
  CHECK(lost.fixture.until_count(1));
  const Names first = lost.come_back();
  CHECK(member(first.at(first.size() - 2), "sid") == lost.sid);
  const std::unique_ptr<Client> kept = std::move(lost.client);
  const Names second = lost.come_back();
  CHECK(member(second.at(0), "sid") != lost.sid);
  CHECK(kept->take() == Names{});
}

TEST_CASE("recovery: a session may be lost and found again and again") {
  Lost lost;
  for (int i = 0; i < 3; ++i) {
    lost.lose();
    lost.fixture.io->emit("missed");
    const Names came = lost.come_back();
    CHECK(Lost::names_of(came) == Names{"missed", answered, "welcome"});
    CHECK(member(came.at(1), "sid") == lost.sid);
    lost.offset = Lost::offset_of(came.at(2));
  }
}

TEST_CASE(
    "recovery: a client that has missed more than its queue can hold starts anew, instead of losing its connection again") {
  ServerOptions options = recovering();
  options.engine.queue_bytes_max = 10'000;
  Lost lost(options);
  lost.lose();
  for (int i = 0; i < 20; ++i) {
    lost.fixture.io->emit("missed", std::string(1'000, 'x'));
  }
  CHECK(Lost::names_of(lost.come_back()) == Names{answered, "welcome"});
  CHECK_FALSE(lost.connected->recovered());
  CHECK(lost.fixture.io->socket_count() == 1);
}

TEST_CASE("recovery: binary events are missed with their attachments") {
  Lost lost;
  lost.lose();
  lost.fixture.io->emit("b", Binary("\x01\x02"));
  const Names came = lost.come_back();
  REQUIRE(came.size() == 4);
  CHECK(came[0].starts_with("51-[\"b\",{\"_placeholder\":true,\"num\":0},\""));
  CHECK(came[1] == "binary:\x01\x02");
}

TEST_CASE("recovery: the sockets of a server that shuts down are saved, and nothing waits for them afterwards") {
  Lost lost;
  int done = 0;
  lost.fixture.io->close(std::chrono::seconds(5), [&done] { ++done; });
  CHECK(lost.fixture.until([&done] { return done == 1; }));
  CHECK(lost.fixture.io->adapter_counters().sessions_saved == 1);
}

TEST_CASE("recovery: a client that was sent nothing for long goes on all the same, when its last event is no longer kept") {
  ServerOptions options = recovering();
  options.recovery.packets_max = 1;
  Lost lost(options);
  for (int i = 0; i < 3; ++i) {  // the last event of a client that came back is noted as well
    lost.fixture.io->to("z").emit("pushes the last event out");
    lost.lose();
    lost.fixture.io->to("x").emit("missed");
    const Names came = lost.come_back();
    CHECK(Lost::names_of(came) == Names{"missed", answered, "welcome"});
    CHECK(member(came.at(1), "sid") == lost.sid);
    lost.offset = Lost::offset_of(came.at(2));
  }
  lost.connected->volatile_().emit("unmarked", std::string("no offset"));
  lost.client->take();
  lost.fixture.io->to("z").emit("pushes the last event out");
  lost.lose();
  CHECK(Lost::names_of(lost.come_back()) == Names{answered, "welcome"});
  CHECK(lost.connected->recovered());
}

TEST_CASE("recovery: a client that has missed what is no longer kept, or has not got its last event, starts anew") {
  ServerOptions options = recovering();
  options.recovery.packets_max = 1;
  Lost too_many(options);
  too_many.lose();
  too_many.fixture.io->emit("lost");
  too_many.fixture.io->emit("kept");
  CHECK(Lost::names_of(too_many.come_back()) == Names{answered, "welcome"});
  CHECK_FALSE(too_many.connected->recovered());

  Lost not_arrived(options);
  not_arrived.fixture.io->to("x").emit("on its way");
  not_arrived.fixture.io->to("z").emit("pushes it out");
  not_arrived.lose();
  CHECK(Lost::names_of(not_arrived.come_back()) == Names{answered, "welcome"});
  CHECK_FALSE(not_arrived.connected->recovered());
}

TEST_CASE("recovery: what is emitted to the socket of a lost client is kept for it, by whatever way") {
  Lost lost;
  const Socket away = *lost.connected;
  away.on_disconnect([&away](std::string_view) { CHECK(away.emit("while it ends")); });
  lost.lose();
  CHECK(away.emit("one", 1));
  lost.fixture.io->to(away.id()).emit("two");
  CHECK(away.send("three"));
  CHECK(Lost::names_of(lost.come_back()) == Names{"while it ends", "one", "two", "message", answered, "welcome"});
  CHECK(lost.connected->recovered());
  CHECK(away.emit("to the same client"));
  CHECK(Lost::names_of(lost.client->take()) == Names{"to the same client"});
}

TEST_CASE("recovery: nothing is kept for who left on purpose, was disconnected, or can no longer come back") {
  Lost left;
  left.client->send("1");
  left.client->take();
  CHECK_FALSE(left.connected->emit("e"));

  Lost thrown_out;
  thrown_out.connected->disconnect();
  CHECK_FALSE(thrown_out.connected->emit("e"));

  ServerOptions options = recovering();
  options.recovery.max_disconnection = std::chrono::milliseconds(1);
  Lost late(options);
  late.lose();
  CHECK(late.fixture.until([&late] { return !late.connected->emit("e"); }));
}

}  // namespace socketio_recovery_test
