// Handlers with typed parameters, and what they may do while they run.

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>

#include "live_fixture.hpp"

namespace socketio_handler_test {

using namespace live;

namespace {

struct Point {
  int x = 0;
  int y = 0;
  MSGPACK_DEFINE_MAP(x, y)
};

/// Sends on what arrived.
struct Letter {
  std::string from;
  Value body;
  Arguments rest;
  MSGPACK_DEFINE_MAP(from, body, rest)
};

/// A client that is connected, its socket, and what handlers wrote down.
struct Connected {
  Connected() : client(fixture) {
    client.join();
    socket = fixture.io->sockets().at(0);
  }
  Names noted;  // first: handlers are called until the server has gone
  Fixture fixture;
  Client client;
  std::optional<Socket> socket;
};

}  // namespace

TEST_CASE("handlers: of repeated members of an object the last one counts, in structs and for whoever gets it next") {
  Connected c;
  c.socket->on("point", [&c](const Point& point) { c.noted.push_back(std::to_string(point.x) + std::to_string(point.y)); });
  c.socket->on("back", [&c](Value value) { c.socket->emit("back", value); });
  c.client.send(R"(2["point",{"x":1,"y":2,"x":3}])");
  c.client.send(R"(2["back",{"a":1,"b":{"c":1,"c":2},"a":3}])");
  CHECK(c.client.next() == R"(2["back",{"a":3,"b":{"c":2}}])");
  CHECK(c.noted == Names{"32"});
}

TEST_CASE("handlers: arguments become what the parameters ask for") {
  Connected c;
  c.socket->on("int", [&c](int a, std::uint8_t b) { c.noted.push_back(std::to_string(a + b)); });
  c.socket->on("text", [&c](const std::string& a, std::string_view b) { c.noted.push_back(a + std::string(b)); });
  c.socket->on("other", [&c](bool a, double b) { c.noted.push_back(std::to_string(a) + std::to_string(b)); });
  c.socket->on("list", [&c](const std::vector<int>& list, const std::map<std::string, int>& map) {
    c.noted.push_back(std::to_string(list.at(1)) + std::to_string(map.at("b")));
  });
  c.socket->on("point", [&c](const Point& point) { c.noted.push_back(std::to_string(point.x) + std::to_string(point.y)); });
  c.socket->on("value", [&c](Value value, Value missing) {
    c.noted.push_back(value.member("a").json() + (missing.is_nothing() ? " nothing" : ""));
  });
  c.socket->on("optional", [&c](std::optional<int> page, std::optional<std::string> text) {
    c.noted.push_back(std::to_string(page.value_or(-1)) + text.value_or("none"));
  });
  c.socket->on("all",
               [&c](Arguments all, Ack ack) { c.noted.push_back(std::to_string(all.size()) + (ack.wanted() ? " ack" : "")); });
  c.socket->on("first", [&c](int a, Arguments all) { c.noted.push_back(std::to_string(a) + std::to_string(all.size())); });
  c.socket->on("none", [&c] { c.noted.push_back("none"); });
  for (const char* const message :
       {"2[\"int\",-5,255]", "2[\"text\",\"a\",\"\xc3\xa4\"]", "2[\"other\",true,0.5]", "2[\"list\",[1,2],{\"b\":3}]",
        "2[\"point\",{\"y\":2,\"x\":1}]", "2[\"value\",{\"a\":[1]}]", "2[\"optional\"]", "2[\"optional\",null,\"x\"]",
        "2[\"optional\",7]", "2[\"all\",1,2,3]", "21[\"all\"]", "2[\"first\",4,5]", "2[\"none\",1,2,3]"}) {
    c.client.send(message);
  }
  c.client.take();
  CHECK(c.noted == Names{"250", "a\xc3\xa4", "10.500000", "23", "12", "[1] nothing", "-1none", "-1x", "7none", "3", "0 ack",
                         "42", "none"});
  CHECK(c.fixture.problems.empty());
}

TEST_CASE("handlers: what arrived can be sent on, whole, in parts, and inside structs, with its attachments") {
  Connected c;
  c.socket->on("all", [&c](Arguments all) { c.socket->emit("all", "first", all); });
  c.socket->on("value", [&c](Value value, Value missing) {
    c.socket->emit("value", value, std::vector<Value>{value, missing}, std::map<std::string, Value>{{"k", value}});
  });
  c.socket->on("struct", [&c](Value value, Arguments all) { c.socket->emit("struct", Letter{"me", value, all}); });
  c.socket->on("data", [&c](Value value) {
    c.socket->set_data(value);
    c.noted.push_back(c.socket->data().json());
  });
  const std::string slot = "{\"_placeholder\":true,\"num\":0}";
  const std::string second = "{\"_placeholder\":true,\"num\":1}";
  c.client.send("51-[\"all\",1,{\"a\":" + slot + "}]");
  c.client.send_binary("\x01\x02");
  CHECK(c.client.take() == Names{"51-[\"all\",\"first\",1,{\"a\":" + slot + "}]", "binary:\x01\x02"});
  c.client.send("2[\"all\"]");
  CHECK(c.client.take() == Names{"2[\"all\",\"first\"]"});
  c.client.send("2[\"value\",{\"a\":1}]");
  CHECK(c.client.take() == Names{"2[\"value\",{\"a\":1},[{\"a\":1},null],{\"k\":{\"a\":1}}]"});
  c.client.send("51-[\"struct\"," + slot + ",2]");
  c.client.send_binary("\x03");
  CHECK(c.client.take() == Names{"52-[\"struct\",{\"from\":\"me\",\"body\":" + slot + ",\"rest\":[" + second + ",2]}]",
                                 "binary:\x03", "binary:\x03"});
  c.client.send("2[\"data\",{\"a\":[1.5]}]");
  c.client.take();
  CHECK(c.noted == Names{"{\"a\":[1.5]}"});
  CHECK(c.fixture.problems == Names{});
}

TEST_CASE("handlers: missing or wrong arguments are not bent; the handler is not called, and the problem is told") {
  Connected c;
  c.socket->on("int", [](int) { FAIL("called"); });
  c.socket->on("small", [](std::uint8_t) { FAIL("called"); });
  c.socket->on("text", [](const std::string&) { FAIL("called"); });
  c.socket->on("point", [](const Point&) { FAIL("called"); });
  c.socket->on("optional", [](std::optional<int>) { FAIL("called"); });
  c.socket->on("binary", [](Binary) { FAIL("called"); });
  const Names messages{
      "2[\"int\"]",       "2[\"int\",\"5\"]",      "2[\"int\",2.5]",     "2[\"int\",null]", "2[\"int\",3000000000]",
      "2[\"small\",256]", "2[\"small\",-1]",       "2[\"text\",5]",      "2[\"text\"]",     "2[\"point\",7]",
      "2[\"point\",[1]]", "2[\"optional\",\"a\"]", "2[\"binary\",\"a\"]"};
  for (const std::string& message : messages) {
    c.client.send(message);
  }
  c.client.take();
  CHECK_FALSE(c.client.closed());
  CHECK(c.fixture.problems.size() == messages.size());
  CHECK(c.fixture.counters().arguments_did_not_fit == messages.size());
  CHECK(c.fixture.problems[0] == "int: Argument 1 is missing: the handler takes an integer of 32 bits.");
  CHECK(c.fixture.problems[1] == "int: Argument 1: the handler takes an integer of 32 bits, the event came with a string.");
  CHECK(c.fixture.problems[2] ==
        "int: Argument 1: the handler takes an integer of 32 bits, the event came with the number 2.5.");
  CHECK(c.fixture.problems[3] == "int: Argument 1: the handler takes an integer of 32 bits, the event came with null.");
  CHECK(c.fixture.problems[5] ==
        "small: Argument 1: the handler takes an integer from 0 to 255, the event came with the number 256.");
  CHECK(c.fixture.problems[10] ==
        "point: Argument 1: the handler takes a value that fits the type of its parameter, the event came with an array.");
  CHECK(c.fixture.problems[12] == "binary: Argument 1: the handler takes binary, the event came with a string.");
}

TEST_CASE("handlers: a problem names the argument that does not fit, what the handler takes and what came") {
  struct Told {
    std::optional<std::size_t> argument;
    std::string expected;
    std::string got;
    std::string message;
  };
  std::vector<Told> told;
  ServerOptions options;
  options.on_problem = [&told](const Problem& problem) {
    told.push_back({problem.argument, std::string(problem.expected), std::string(problem.got), std::string(problem.message)});
  };
  Fixture fixture(options);
  Client client(fixture);
  client.join();
  const Socket socket = fixture.io->sockets().at(0);
  socket.on("order", [](Ack, int, std::optional<std::string>, Arguments, const std::vector<int>&) { FAIL("called"); });
  socket.on("map", [](std::int64_t, double, bool, const std::map<std::string, int>&) { FAIL("called"); });
  socket.on("own", EventHandler([](const EventCall&) { return false; }));
  client.send(R"(2["order",1,2])");
  client.send(R"(2["order",1,null,{"a":1}])");
  client.send(R"(2["order",1])");
  client.send(R"(2["map",1,2.5,true,[]])");
  client.send(R"(2["map",1,2.5,"yes"])");
  client.send(R"(2["own"])");
  client.take();
  REQUIRE(told.size() == 6);
  CHECK(told[0].argument == 1);
  CHECK(told[0].expected == "a string");
  CHECK(told[0].got == "the number 2");
  CHECK(told[0].message == "Argument 2: the handler takes a string, the event came with the number 2.");
  CHECK(told[1].argument == 2);
  CHECK(told[1].expected == "an array with fitting elements");
  CHECK(told[1].got == "an object");
  CHECK(told[2].argument == 2);
  CHECK(told[2].got.empty());
  CHECK(told[2].message == "Argument 3 is missing: the handler takes an array with fitting elements.");
  CHECK(told[3].argument == 3);
  CHECK(told[3].expected == "an object with fitting members");
  CHECK(told[3].got == "an array");
  CHECK(told[4].argument == 2);
  CHECK(told[4].expected == "a boolean");
  CHECK(told[4].got == "a string");
  CHECK_FALSE(told[5].argument.has_value());
  CHECK(told[5].message == "The event came with arguments that the handler does not take.");
}

TEST_CASE("handlers: names of events that never arrive are refused, with the function that is meant") {
  Connected c;
  for (const char* name : {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(c.socket->on(name, [] {}), Error);
    CHECK_THROWS_AS(c.socket->once(name, [] {}), Error);
  }
  CHECK_THROWS_WITH_AS(
      c.socket->on("disconnect", [] {}),
      "No client can send an event named \"disconnect\", so this handler would never be called. For the end of a "
      "connection use on_disconnect().",
      Error);
  for (const char* name : {"connect", "connection", "new_namespace"}) {
    CHECK_THROWS_AS(c.fixture.io->on_server_side(name, [] {}), Error);
  }
  c.socket->on("error", [&c] { c.noted.push_back("error"); });
  c.client.send("2[\"error\"]");
  c.client.take();
  CHECK(c.noted == Names{"error"});
}

TEST_CASE("handlers: what they throw is caught and told, and the others are called all the same") {
  Connected c;
  c.socket->on("e", [] { throw std::runtime_error("oh"); });
  c.socket->on("e", [&c] { c.noted.push_back("second"); });
  c.socket->on_any([](const Value&, const Arguments&) { throw 7; });
  c.client.send("2[\"e\"]");
  c.client.take();
  CHECK(c.noted == Names{"second"});
  CHECK(c.fixture.problems == Names{"on_any: something that is no std::exception", "e: oh"});
  CHECK(c.fixture.counters().handlers_threw == 2);
  CHECK(c.socket->connected());
}

TEST_CASE("handlers: everything else that an application gives may throw, too") {
  Names noted;
  ServerOptions options;
  options.on_problem = [&noted](const Problem& problem) {
    noted.push_back(std::string(problem.event));
    throw std::runtime_error("from on_problem");
  };
  options.engine.allow_request = [](const HandshakeRequest& request, const Decision& decide) {
    request.url.find("throw") == std::string::npos ? decide.allow() : throw std::runtime_error("oh");
  };
  Fixture fixture(options);
  fixture.io->on_connection([](Socket socket) {
    socket.on_disconnecting([](std::string_view) { throw 1; });
    socket.on_disconnect([](std::string_view) { throw 2; });
    socket.on_any_outgoing([](const Value&, const Arguments&) { throw 3; });
    socket.emit("e");
    throw std::runtime_error("oh");
  });
  fixture.io->of([](std::string_view name, const Value&) -> bool { return name == "/x" ? true : throw 4; });
  fixture.io->on_new_namespace([](Namespace) { throw 5; });
  fixture.io->serve_engine("/bare/", [](EngineSocket) { throw 6; });
  fixture.io->serve_engine("/echo/", [](EngineSocket socket) {
    socket.on_message([](Bytes, bool) { throw 7; });
    socket.on_close([](std::string_view) { throw 8; });
  });
  Client client(fixture);
  client.join();
  CHECK(client.next() == "2[\"e\"]");
  client.join("/x");
  client.send("0/y,");
  CHECK(client.next() == "4/y,{\"message\":\"Invalid namespace\"}");
  fixture.io->fetch_sockets([](const FetchedSocketList&) { throw 9; });
  fixture.io->timeout(std::chrono::milliseconds(0)).emit_with_ack("e", OnAckAnswers([](const AckAnswers&) { throw 10; }));
  CHECK(client.next() == "20[\"e\"]");
  client.send("1");
  CHECK(fixture.until([&noted] { return noted.size() == 9; }));
  std::sort(noted.begin(), noted.end());
  CHECK(noted == Names{"a callback", "a callback", "a predicate of namespaces", "on_any_outgoing", "on_any_outgoing",
                       "on_connection", "on_disconnect", "on_disconnecting", "on_new_namespace"});
  CHECK(Request(fixture, "GET", "/socket.io/?EIO=4&transport=polling&throw=1").status() == 403);
  Client bare(fixture, "EIO=4&transport=websocket", "/bare/");
  Client echo(fixture, "EIO=4&transport=websocket", "/echo/");
  echo.send("x");
  CHECK(echo.until_closed());
}

TEST_CASE(
    "engine sockets: a function for messages keeps what it remembers from one call to the next, and may set another one") {
  Fixture fixture;
  fixture.io->serve_engine("/count/", [](EngineSocket socket) {
    socket.on_message([socket, count = 0](Bytes, bool) mutable {
      socket.send(std::to_string(++count));
      if (count == 2) {
        socket.on_message([socket](Bytes, bool) { socket.send("other"); });
        socket.send(std::to_string(++count));
      }
    });
  });
  Client client(fixture, "EIO=4&transport=websocket", "/count/");
  client.send("x");
  CHECK(client.next() == "1");
  client.send("x");
  CHECK(client.next() == "2");
  CHECK(client.next() == "3");
  client.send("x");
  CHECK(client.next() == "other");
}

TEST_CASE("handlers: one may take itself and others away while it runs") {
  Connected c;
  c.socket->on("e", [&c](Ack ack) {
    c.noted.push_back("first");
    c.socket->off("e");
    ack();
  });
  c.socket->on("e", [&c] { c.noted.push_back("second"); });  // was there when the event came
  c.client.send("21[\"e\"]");
  c.client.send("22[\"e\"]");
  CHECK(c.client.take() == Names{"31[]"});
  CHECK(c.noted == Names{"first", "second"});
  CHECK(c.fixture.counters().events_unhandled == 1);
}

TEST_CASE("handlers: once means once, also when it sends the event on to itself") {
  Connected c;
  c.socket->once("e", [&c](Ack ack) {
    c.noted.push_back("once");
    c.socket->once("e", [&c] { c.noted.push_back("again"); });
    ack();
  });
  for (int i = 0; i < 3; ++i) {
    c.client.send("2[\"e\"]");
  }
  c.client.take();
  CHECK(c.noted == Names{"once", "again"});
}

TEST_CASE("handlers: events behind the one that disconnects are not heard, nor by the handlers that remain") {
  for (const bool close : {false, true}) {
    CAPTURE(close);
    Connected c;
    c.socket->on("e", [&c, close](int value) {
      c.noted.push_back(std::to_string(value));
      c.socket->disconnect(close);
      CHECK_FALSE(c.socket->connected());
      CHECK_FALSE(c.socket->emit("too late"));
    });
    c.socket->on("e", [](int) { FAIL("called"); });
    c.client.send("2[\"e\",1]");
    c.client.send("2[\"e\",2]");
    if (!close) {
      CHECK(c.client.take() == Names{"1"});
      c.client.send("2[\"e\",3]");  // it has been told
    }
    CHECK(c.client.until_closed());
    CHECK(c.client.take() == (close ? Names{"1"} : Names{}));
    CHECK(c.noted == Names{"1"});
  }
}

TEST_CASE("handlers: events that came together with their client's own disconnect are dropped, and only on_any is told") {
  Connected c;
  c.socket->on("e", [](Arguments) { FAIL("called"); });
  c.socket->on_any([&c](const Value&, const Arguments&) { c.noted.push_back("any"); });
  c.socket->on_disconnect([&c](std::string_view reason) { c.noted.push_back(std::string(reason)); });
  c.client.send("2[\"e\",1]");
  c.client.send("51-[\"e\",{\"_placeholder\":true,\"num\":0}]");
  c.client.send_binary("\x01");
  c.client.send("1");
  c.client.take();
  CHECK(c.noted == Names{"any", "any", "client namespace disconnect"});

  Poller poller(c.fixture);
  c.fixture.io->on_connection([](Socket socket) { socket.on("e", [] { FAIL("called"); }); });
  poller.post("40");
  CHECK(poller.get().starts_with("40"));
  CHECK(poller.post("42[\"e\"]\x1e"
                    "41") == "ok");
  CHECK(c.fixture.until_count(0));
}

TEST_CASE("handlers: events that came together are handled in their order, also before the connection's end or a broken rule") {
  for (const std::string last : {"", "close", "2{"}) {
    CAPTURE(last);
    Connected c;
    c.socket->on("e", [&c](int number, Ack ack) {
      c.noted.push_back(std::to_string(number));
      ack(number);
    });
    c.socket->emit_with_ack("q", [&c](const AckResult& result) { c.noted.push_back(result.ok() ? "ack" : "none"); });
    CHECK(c.client.next() == "20[\"q\"]");
    c.client.send("20[\"e\",1]");
    c.client.send("21[\"e\",2]");
    c.client.send("30[]");
    c.client.send("22[\"e\",3]");
    if (last == "close") {
      c.client.close_orderly();
    } else if (!last.empty()) {
      c.client.send(last);
    }
    CHECK(c.fixture.until([&c] { return c.noted.size() == 4; }));
    CHECK(c.noted == Names{"ack", "1", "2", "3"});
  }
}

TEST_CASE("handlers: arguments stay good while a handler ends its own connection") {
  Connected c;
  c.socket->on("e", [&c](std::string_view text, Value value, Arguments all) {
    c.socket->disconnect(true);
    c.noted.push_back(std::string(text) + value.json() + std::to_string(all.size()));
  });
  c.client.send("2[\"e\",\"some text that is long enough to be on the heap\",{\"a\":1}]");
  CHECK(c.client.until_closed());
  CHECK(c.noted == Names{"some text that is long enough to be on the heap{\"a\":1}2"});
}

TEST_CASE("handlers: names may be numbers, and hear what JavaScript calls the same") {
  Connected c;
  c.socket->on("7", [&c] { c.noted.push_back("seven"); });
  c.socket->on("0.5", [&c] { c.noted.push_back("half"); });
  for (const char* const message : {"2[7]", "2[\"7\"]", "2[0.50]", "2[7.0]"}) {
    c.client.send(message);
  }
  c.client.take();
  CHECK(c.noted == Names{"seven", "seven", "half", "seven"});
  c.socket->emit(8, "x");
  CHECK(c.client.take() == Names{"2[8,\"x\"]"});
}

TEST_CASE("handlers: on_any hears every event before the others, on_any_outgoing every one that is sent") {
  Connected c;
  const auto note = [&c](std::string direction) {
    return [&c, direction](const Value& event, const Arguments& arguments) {
      c.noted.push_back(direction + event.json() + " " + std::to_string(arguments.size()));
    };
  };
  c.socket->on_any(note("in "));
  c.socket->on_any_outgoing(note("out "));
  c.socket->on("e", [&c](Ack ack) {
    c.noted.push_back("handler");
    ack(1);
  });
  c.client.send("21[\"e\",1,2]");
  c.client.take();
  c.client.send("2[\"unheard\"]");
  c.client.take();
  CHECK(c.noted == Names{"in \"e\" 2", "handler", "in \"unheard\" 0"});
  c.noted.clear();
  c.socket->emit("a", 1);
  c.fixture.io->emit("b");
  c.socket->emit_with_ack("c", 1, 2, OnAck([](const AckResult&) {}));
  c.fixture.io->emit_with_ack("d", OnAckAnswers([](const AckAnswers&) {}));
  c.socket->broadcast().emit("not to this one");
  CHECK(c.noted == Names{"out \"a\" 1", "out \"b\" 0", "out \"c\" 2", "out \"d\" 0"});
  c.socket->off_any();
  c.socket->off_any_outgoing();
  c.socket->emit("a");
  c.client.send("2[\"unheard\"]");
  c.client.take();
  CHECK(c.noted.size() == 4);
}

TEST_CASE("handlers: reserved names and odd arguments are thrown back, and nothing is sent") {
  Connected c;
  const auto code = [](const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return static_cast<int>(error.code());
    }
    return -1;
  };
  for (const char* const name : {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    CAPTURE(name);
    const int reserved = static_cast<int>(ErrorCode::reserved_event);
    CHECK(code([&] { c.socket->emit(name); }) == reserved);
    CHECK(code([&] { c.fixture.io->emit(name); }) == reserved);
    CHECK(code([&] { c.socket->emit_with_ack(name, OnAck([](const AckResult&) {})); }) == reserved);
    CHECK(code([&] { c.fixture.io->emit_with_ack(name, OnAckAnswers([](const AckAnswers&) {})); }) == reserved);
  }
  for (const char* const name : {"connect", "connection", "new_namespace"}) {
    CHECK(code([&] { c.fixture.io->server_side_emit(name); }) == static_cast<int>(ErrorCode::reserved_event));
  }
  CHECK(code([&] { c.socket->emit("e", Json{"{"}); }) == static_cast<int>(ErrorCode::bad_json));
  CHECK(code([&] { c.socket->emit("\xff"); }) == static_cast<int>(ErrorCode::bad_utf8));
  CHECK(code([&] { c.socket->join("\xff"); }) == static_cast<int>(ErrorCode::bad_utf8));
  CHECK(code([&] { c.socket->set_data_packed({}); }) == static_cast<int>(ErrorCode::bad_arguments));
  CHECK(code([&] { c.fixture.io->of("\xff"); }) == static_cast<int>(ErrorCode::bad_utf8));
  CHECK(code([&] { c.fixture.io->of("/acme, inc."); }) == static_cast<int>(ErrorCode::bad_option));
  CHECK(c.client.take().empty());
}

}  // namespace socketio_handler_test
