// Acks, in both directions.

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <stdexcept>

#include "live_fixture.hpp"

namespace socketio_ack_test {

using namespace live;
using std::chrono::milliseconds;

namespace {

/// A client that is connected, and its socket.
struct Connected {
  explicit Connected(ServerOptions options = {}) : fixture(std::move(options)), client(fixture) {
    client.join();
    socket = fixture.io->sockets().at(0);
  }
  OnAck note() {
    return [this](const AckResult& result) {
      std::string text(text_of(result.status));
      for (const Value value : result.answer) {
        text += (text.empty() ? "" : " ") + value.json();
      }
      results.push_back(text);
    };
  }
  Names results;  // first: callbacks are called until the server has gone
  Fixture fixture;
  Client client;
  std::optional<Socket> socket;
};

std::string text(const AckAnswers& answers) {
  std::string joined = answers.complete() ? "complete" : "late";
  for (std::size_t i = 0; i < answers.size(); ++i) {
    joined += " " + answers[i][0].json();
  }
  return joined + ", missing " + std::to_string(answers.clients_missing());
}

}  // namespace

TEST_CASE("acks to clients: the first answer is sent, the second is not") {
  Connected c;
  std::optional<Ack> kept;
  c.socket->on("e", [&kept](Ack ack) {
    CHECK(ack.wanted());
    kept = ack;
    ack(1, "two", nullptr);
    ack("again");
    CHECK_FALSE(ack.wanted());
  });
  c.client.send("27[\"e\"]");
  CHECK(c.client.take() == Names{"37[1,\"two\",null]"});
  (*kept)("later");
  CHECK(c.client.take().empty());
}

TEST_CASE("acks to clients: an answer may come later, be empty, be binary; without a wish for it there is none") {
  Connected c;
  std::optional<Ack> kept;
  c.socket->on("later", [&kept](Ack ack) { kept = std::move(ack); });
  c.socket->on("binary", [](Ack ack) { ack(Binary("\x01\x02")); });
  c.socket->on("quiet", [](Ack ack) {
    CHECK_FALSE(ack.wanted());
    ack("to nobody");
  });
  c.client.send("20[\"later\"]");
  c.client.send("2[\"quiet\"]");
  CHECK(c.client.take().empty());
  (*kept)();
  CHECK(c.client.take() == Names{"30[]"});
  c.client.send("2/,5[\"binary\"]");
  CHECK(c.client.take() == Names{"61-5[{\"_placeholder\":true,\"num\":0}]", "binary:\x01\x02"});
}

TEST_CASE("acks to clients: an answer after the disconnect goes nowhere") {
  Connected c;
  std::optional<Ack> kept;
  c.socket->on("e", [&kept](Ack ack) { kept = std::move(ack); });
  c.client.send("20[\"e\"]");
  c.client.take();
  c.client.send("1");
  c.client.take();
  REQUIRE(kept.has_value());
  (*kept)("late");
  c.client.join();
  CHECK(c.client.take().empty());
}

TEST_CASE("acks to clients: what is no array, or nested too deep, is thrown back") {
  Connected c;
  int threw = 0;
  c.socket->on("e", [&threw](Ack ack) {
    Buffer text;
    pack::text(text, "no array");
    Buffer deep;
    for (int i = 0; i < 400; ++i) {
      pack::array_header(deep, 1);
    }
    pack::nil(deep);
    for (const Buffer* const bad : {&text, &deep}) {
      try {
        ack.send_packed(bad->bytes());
      } catch (const Error& error) {
        threw += error.code() == ErrorCode::bad_arguments ? 1 : 0;
      }
    }
    CHECK(ack.wanted());
    ack("good");
  });
  c.client.send("21[\"e\"]");
  CHECK(c.client.take() == Names{"31[\"good\"]"});
  CHECK(threw == 2);
}

TEST_CASE("acks from clients: each question has an id, and its answer is called back once") {
  Connected c;
  c.socket->emit_with_ack("first", 1, c.note());
  c.socket->emit_with_ack("second", c.note());
  CHECK(c.client.take() == Names{"20[\"first\",1]", "21[\"second\"]"});
  c.client.send("31[\"b\",2]");
  c.client.send("30[]");
  c.client.send("31[\"twice\"]");
  c.client.send("30");
  c.client.send("399[]");
  c.client.send("3[]");
  CHECK(c.client.take().empty());
  CHECK(c.results == Names{"\"b\" 2", ""});
  CHECK(c.fixture.counters().acks_unknown == 4);
}

TEST_CASE("acks from clients: ids are counted per namespace, for all its sockets and for broadcasts") {
  Connected c;
  static_cast<void>(c.fixture.io->of("/x"));
  Client other(c.fixture);
  other.join();
  other.join("/x");
  c.socket->emit_with_ack("a", c.note());
  c.fixture.io->emit_with_ack("b", OnAckAnswers([](const AckAnswers&) {}));
  c.fixture.io->of("/x").sockets()[0].emit_with_ack("c", c.note());
  CHECK(c.client.take() == Names{"20[\"a\"]", "21[\"b\"]"});
  CHECK(other.take() == Names{"21[\"b\"]", "2/x,0[\"c\"]"});
}

TEST_CASE("acks from clients: the answer may be binary") {
  Connected c;
  std::string bytes;
  c.socket->emit_with_ack("e",
                          [&bytes](const AckResult& result) { bytes = as_text(result.as<Binary>().value_or(Binary()).bytes); });
  CHECK(c.client.take().size() == 1);
  c.client.send("61-0[{\"_placeholder\":true,\"num\":0}]");
  c.client.send_binary("\x01\x02");
  c.client.take();
  CHECK(bytes == "\x01\x02");
}

TEST_CASE("acks from clients: one that does not come in time is told, and forgotten") {
  Connected c;
  c.socket->timeout(milliseconds(1)).emit_with_ack("e", c.note());
  CHECK(c.results.empty());
  CHECK(c.fixture.until([&c] { return !c.results.empty(); }));
  CHECK(c.results == Names{"operation has timed out"});
  c.client.send("30[\"late\"]");
  c.client.take();
  CHECK(c.results.size() == 1);
  CHECK(c.fixture.counters().acks_timed_out == 1);
  CHECK(c.fixture.counters().acks_unknown == 1);
}

TEST_CASE("acks from clients: an answer in time takes the timeout back") {
  Connected c;
  c.socket->timeout(milliseconds(50)).emit_with_ack("answered", c.note());
  c.socket->timeout(milliseconds(51)).emit_with_ack("not answered", c.note());
  c.client.take();
  c.client.send("30[1]");
  CHECK(c.fixture.until([&c] { return c.results.size() == 2; }));
  CHECK(c.results == Names{"1", "operation has timed out"});
}

TEST_CASE("acks from clients: who goes owes no answer any more, and every callback hears of it") {
  for (const bool by_server : {false, true}) {
    CAPTURE(by_server);
    Connected c;
    c.socket->emit_with_ack("a", c.note());
    c.socket->timeout(milliseconds(60'000)).emit_with_ack("b", c.note());
    c.socket->on_disconnect([&c](std::string_view) { c.results.push_back("disconnect"); });
    by_server ? c.socket->disconnect() : c.client.reset();
    CHECK(c.fixture.until([&c] { return c.results.size() == 3; }));
    CHECK(c.results == Names{"disconnect", "socket has been disconnected", "socket has been disconnected"});
    c.socket->emit_with_ack("c", c.note());
    CHECK(c.results.size() == 3);  // never before the call has returned
    CHECK(c.fixture.until([&c] { return c.results.size() == 4; }));
    CHECK(c.results.back() == "socket has been disconnected");
  }
}

TEST_CASE("acks from clients: so many may be pending, and no more") {
  ServerOptions options;
  options.pending_acks_per_socket_max = 2;
  Connected c(options);
  for (int i = 0; i < 3; ++i) {
    c.socket->timeout(milliseconds(60'000)).emit_with_ack("e", i, c.note());
  }
  CHECK(c.client.take() == Names{"20[\"e\",0]", "21[\"e\",1]"});
  CHECK(c.results == Names{"too many acks are pending"});
  CHECK(c.fixture.counters().acks_refused == 1);
  c.client.send("30[]");
  c.client.take();
  c.socket->emit_with_ack("e", c.note());
  CHECK(c.client.take() == Names{"23[\"e\"]"});
}

TEST_CASE("acks from clients: callbacks that throw are caught, whatever they are told") {
  ServerOptions options;
  options.pending_acks_per_socket_max = 2;
  Connected c(options);
  const auto throwing = [](const AckResult& result) { throw std::runtime_error("for " + std::string(text_of(result.status))); };
  c.socket->emit_with_ack("answered", throwing);
  c.client.send("30[]");
  c.client.take();
  c.socket->timeout(milliseconds(0)).emit_with_ack("late", throwing);
  CHECK(c.fixture.until([&c] { return c.fixture.problems.size() == 2; }));
  c.socket->emit_with_ack("a", throwing);
  c.socket->emit_with_ack("b", throwing);
  c.socket->emit_with_ack("one too many", throwing);
  CHECK(c.fixture.until([&c] { return c.fixture.problems.size() == 3; }));
  c.socket->disconnect();
  c.socket->emit_with_ack("gone", throwing);
  CHECK(c.fixture.until([&c] { return c.fixture.problems.size() == 6; }));
  CHECK(c.fixture.problems[2] == "ack: for too many acks are pending");
  CHECK(c.fixture.problems[5] == "ack: for socket has been disconnected");
}

TEST_CASE("acks of a broadcast: all answers, or those that came until the deadline") {
  Names results;
  Connected c;
  Client other(c.fixture);
  other.join();
  const auto note = [&results](const AckAnswers& answers) { results.push_back(text(answers)); };
  c.fixture.io->timeout(milliseconds(60'000)).emit_with_ack("e", "x", OnAckAnswers(note));
  CHECK(c.client.next() == "20[\"e\",\"x\"]");
  CHECK(other.next() == "20[\"e\",\"x\"]");
  c.client.send("30[1]");
  c.client.take();
  CHECK(results.empty());
  other.send("30[2]");
  CHECK(c.fixture.until([&results] { return results.size() == 1; }));
  CHECK(results[0] == "complete 1 2, missing 0");

  c.fixture.io->timeout(milliseconds(100)).emit_with_ack("e", OnAckAnswers(note));
  CHECK(c.client.next() == "21[\"e\"]");
  c.client.send("31[3]");
  CHECK(c.fixture.until([&results] { return results.size() == 2; }));
  CHECK(results[1] == "late 3, missing 1");

  c.fixture.io->to("nobody").emit_with_ack("e", OnAckAnswers(note));
  CHECK(results.size() == 2);
  CHECK(c.fixture.until([&results] { return results.size() == 3; }));
  CHECK(results[2] == "complete, missing 0");
}

TEST_CASE("acks of a broadcast: a client that goes is missing, and those that are past their time count no more") {
  ServerOptions options;
  options.pending_acks_per_socket_max = 1;
  Names results;
  Connected c(options);
  const auto note = [&results](const AckAnswers& answers) { results.push_back(text(answers)); };
  for (int i = 0; i < 3; ++i) {
    c.fixture.io->timeout(milliseconds(1)).emit_with_ack("e", OnAckAnswers(note));
    CHECK(c.fixture.until([&results, i] { return results.size() == static_cast<std::size_t>(i) + 1; }));
    CHECK(results.back() == "late, missing 1");
  }
  CHECK(c.fixture.counters().acks_refused == 0);
  c.fixture.io->timeout(milliseconds(50)).emit_with_ack("e", OnAckAnswers(note));
  c.fixture.io->timeout(milliseconds(50)).emit_with_ack("e", OnAckAnswers(note));  // has one pending: not asked
  CHECK(c.fixture.until([&results] { return results.size() == 4; }));
  CHECK(results[3] == "complete, missing 0");
  c.client.reset();
  CHECK(c.fixture.until([&results] { return results.size() == 5; }));
  CHECK(results[4] == "late, missing 1");
}

TEST_CASE("acks to clients: an ack returns nothing, so that a handler may end with it") {
  Connected c;
  c.socket->on("e", [](int number, Ack ack) {
    if (number == 0) {
      return ack("zero");
    }
    ack("other");
  });
  c.client.send("20[\"e\",0]");
  c.client.send("21[\"e\",1]");
  CHECK(c.client.take() == Names{"30[\"zero\"]", "31[\"other\"]"});
}

TEST_CASE("acks to clients: what arrived can be the answer, with its attachments") {
  Connected c;
  c.socket->on("all", [](Arguments all, Ack ack) { ack(all); });
  c.socket->on("more", [](Value value, Value missing, Ack ack) { ack("before", value, missing); });
  c.client.send("51-0[\"all\",1,{\"a\":{\"_placeholder\":true,\"num\":0}}]");
  c.client.send_binary("\x01\x02");
  CHECK(c.client.take() == Names{"61-0[1,{\"a\":{\"_placeholder\":true,\"num\":0}}]", "binary:\x01\x02"});
  c.client.send("21[\"more\",[null,true]]");
  CHECK(c.client.take() == Names{"31[\"before\",[null,true],null]"});
}

}  // namespace socketio_ack_test
