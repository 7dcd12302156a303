// Middlewares of namespaces, and of sockets.

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>

#include "live_fixture.hpp"

namespace socketio_middleware_test {

using namespace live;

TEST_CASE("namespace middlewares: asked in order, at once or later, and what they set stays") {
  Fixture fixture;
  Names order;
  std::optional<Next> go_on;
  fixture.io->use([&order](Socket socket, Next next) {
    order.push_back("first");
    socket.set_data(std::string("from a middleware"));
    socket.on("e", [&order] { order.push_back("handler"); });
    next();
    next(Refusal("the first call counts"));
  });
  fixture.io->use([&](Socket, Next next) {
    order.push_back("second");
    go_on = std::move(next);
  });
  fixture.io->use([&order](Socket, Next next) {
    order.push_back("third");
    next();
  });
  fixture.io->on_connection([&order](Socket socket) { order.push_back(socket.data().json()); });
  Client client(fixture);
  client.send("0");
  CHECK(client.take().empty());
  CHECK(order == Names{"first", "second"});
  (*go_on)();
  CHECK(without_ids(client.next()) == "0{\"sid\":\"(id)\"}");
  client.send("2[\"e\"]");
  client.take();
  CHECK(order == Names{"first", "second", "third", "\"from a middleware\"", "handler"});
}

TEST_CASE("namespace middlewares: a refusal is told, with its data, and the client may try again") {
  Fixture fixture;
  int tries = 0;
  fixture.io->use([&tries](Socket, Next next) {
    if (++tries == 1) {
      next(Refusal("no", std::vector<int>{1, 2}));
    } else if (tries == 2) {
      next(Refusal("still no"));
    } else {
      next();
    }
  });
  Client client(fixture);
  client.send("0");
  CHECK(client.next() == "4{\"message\":\"no\",\"data\":[1,2]}");
  client.send("0");
  CHECK(client.next() == "4{\"message\":\"still no\"}");
  client.join();
  CHECK(fixture.counters().connects_refused == 2);
  CHECK(fixture.io->socket_count() == 1);
}

TEST_CASE("namespace middlewares: one that throws refuses, and tells the client nothing of it") {
  Fixture fixture;
  fixture.io->use([](Socket, const Next&) { throw std::runtime_error("secret"); });
  Client client(fixture);
  client.send("0");
  CHECK(client.next() == "4{\"message\":\"Internal error\"}");
  CHECK(fixture.problems == Names{"a middleware: secret"});
  fixture.io->of("/x").use([](Socket, Next next) {
    next();
    throw 1;  // too late to refuse
  });
  client.join("/x");
  CHECK(fixture.problems.back() == "a middleware: something that is no std::exception");
}

TEST_CASE("namespace middlewares: a refusal that is no UTF-8, or data that is no JSON, is sent as well as it can be") {
  Fixture fixture;
  fixture.io->use([](Socket, Next next) { next(Refusal("a\xff")); });
  fixture.io->of("/deep").use([](Socket, Next next) {
    std::string deep(600, '[');
    next(Refusal("too deep", Json{deep + std::string(600, ']')}));
  });
  Client client(fixture);
  client.send("0");
  CHECK(client.next() == "4{\"message\":\"a\xef\xbf\xbd\"}");
  client.send("0/deep,");
  CHECK(client.next() == "4/deep,{\"message\":\"Internal error\"}");  // Refusal threw
}

TEST_CASE("namespace middlewares: they may end the socket, or the whole connection") {
  Fixture fixture;
  fixture.io->use([](Socket socket, Next next) {
    socket.disconnect(true);
    next();
  });
  fixture.io->on_connection([](Socket) { FAIL("it has ended"); });
  Client client(fixture);
  client.send("0");
  CHECK(client.until_closed());
  CHECK(client.take().empty());
  CHECK(fixture.io->socket_count() == 0);
}

TEST_CASE("namespace middlewares: those added while one is asked are for later clients") {
  Fixture fixture;
  int asked = 0;
  fixture.io->use([&](Socket, Next next) {
    fixture.io->use([&asked](Socket, Next inner) {
      ++asked;
      inner();
    });
    next();
  });
  Client first(fixture);
  first.join();
  CHECK(asked == 0);
  Client second(fixture);
  second.join();
  CHECK(asked == 1);
}

TEST_CASE("socket middlewares: each event passes them in order, at once or later") {
  Fixture fixture;
  Names order;
  std::vector<Next> waiting;
  fixture.io->on_connection([&](Socket socket) {
    socket.use([&order](const Value& event, const Arguments& arguments, Next next) {
      order.push_back("first " + event.json() + " " + std::to_string(arguments.size()));
      next();
    });
    socket.use([&](const Value& event, const Arguments&, Next next) {
      order.push_back("second");
      event.as<std::string>() == "later" ? waiting.push_back(std::move(next)) : next();
    });
    socket.on("now", [&order](int value, Ack ack) {
      order.push_back("now " + std::to_string(value));
      ack(value);
    });
    socket.on("later", [&order](std::string value, Ack ack) {
      order.push_back("later " + value);
      ack(value);
    });
  });
  Client client(fixture);
  client.join();
  client.send("21[\"later\",\"a\"]");
  client.send("22[\"now\",7]");
  CHECK(client.take() == Names{"32[7]"});
  REQUIRE(waiting.size() == 1);
  waiting[0]();
  CHECK(client.take() == Names{"31[\"a\"]"});
  CHECK(order == Names{"first \"later\" 1", "second", "first \"now\" 1", "second", "now 7", "later a"});
}

TEST_CASE("socket middlewares: a refused event is told to on_error alone, and one that throws refuses") {
  Fixture fixture;
  Names errors;
  fixture.io->on_connection([&errors](Socket socket) {
    socket.use([](const Value& event, const Arguments&, Next next) {
      if (event.as<std::string>() == "throw") {
        throw std::runtime_error("oh");
      }
      event.as<std::string>() == "bad" ? next(Refusal("blocked")) : next();
    });
    socket.on("good", [](Ack ack) { ack(); });
    socket.on("bad", [] { FAIL("it was refused"); });
    socket.on("throw", [] { FAIL("it was refused"); });
    socket.on_error([&errors](std::string_view message) { errors.emplace_back(message); });
  });
  Client client(fixture);
  client.join();
  client.send("21[\"bad\"]");
  client.send("22[\"throw\"]");
  client.send("23[\"good\"]");
  CHECK(client.take() == Names{"33[]"});
  CHECK(errors == Names{"blocked", "The middleware failed."});
  CHECK(fixture.counters().events_refused == 2);
  CHECK(fixture.problems == Names{"a middleware: oh"});
}

TEST_CASE("socket middlewares: an event whose client has gone meanwhile is dropped") {
  Fixture fixture;
  std::optional<Next> go_on;
  fixture.io->on_connection([&go_on](Socket socket) {
    socket.use([&go_on](const Value&, const Arguments&, Next next) { go_on = std::move(next); });
    socket.on("e", [] { FAIL("the client has gone"); });
  });
  Client client(fixture);
  client.join();
  client.send("2[\"e\"]");
  client.take();
  client.reset();
  CHECK(fixture.until_count(0));
  (*go_on)();
}

}  // namespace socketio_middleware_test
