// How a client gets into a namespace, and what keeps it out.

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <optional>

#include "live_fixture.hpp"

namespace socketio_connect_test {

using namespace live;

TEST_CASE("connecting: a second CONNECT is a duplicate, also while middlewares still think about the first") {
  Fixture fixture;
  std::optional<Next> go_on;
  fixture.io->use([&go_on](Socket, Next next) { go_on = std::move(next); });
  int connected = 0;
  fixture.io->on_connection([&connected](Socket) { ++connected; });
  Client client(fixture);
  client.send("0");
  CHECK(client.take().empty());
  REQUIRE(go_on.has_value());
  client.send("0");
  CHECK(client.until_closed());
  (*go_on)();  // too late
  CHECK(client.take().empty());
  CHECK(connected == 0);
  CHECK(fixture.counters().wrong_state == 1);
  CHECK(fixture.counters().sockets_connected == 0);
}

TEST_CASE("connecting: what comes for a namespace before its CONNECT is answered closes the connection") {
  for (const std::string early : {"2[\"e\"]", "30[]", "1"}) {
    CAPTURE(early);
    Fixture fixture;
    fixture.io->use([](Socket, const Next&) {});
    Client client(fixture);
    client.send("0");
    client.send(early);
    CHECK(client.until_closed());
    CHECK(fixture.counters().wrong_state == 1);
  }
}

TEST_CASE(
    "connecting: a client that joins nothing in time is closed; a refused CONNECT does not help, one that was let in does") {
  ServerOptions options;
  options.connect_timeout = std::chrono::milliseconds(100);
  std::string reason;
  Fixture fixture(options);
  fixture.io->on_connection(
      [&reason](Socket socket) { socket.on_disconnect([&reason](std::string_view why) { reason = why; }); });
  Client joined(fixture);
  joined.join();
  joined.send("1");
  joined.take();
  Client refused(fixture);
  refused.send("0/nope,");
  CHECK(refused.next() == "4/nope,{\"message\":\"Invalid namespace\"}");
  Client silent(fixture);
  CHECK(refused.until_closed());
  CHECK(silent.until_closed());  // was there last: whoever is still open now stays
  CHECK(joined.take().empty());
  CHECK_FALSE(joined.closed());
  CHECK(reason == "client namespace disconnect");
  CHECK(fixture.counters().connect_timeouts == 2);
}

TEST_CASE("connecting: CONNECT comes before all that the connection handler sends, and no broadcast comes before it") {
  Fixture fixture;
  fixture.io->use([&fixture](Socket socket, Next next) {
    socket.join("early");
    CHECK_FALSE(socket.connected());
    CHECK_FALSE(socket.emit("not yet"));
    fixture.io->emit("not yet");
    fixture.io->to("early").emit("not yet");
    CHECK(socket.rooms() == Names{"early"});
    next();
  });
  fixture.io->on_connection([](Socket socket) {
    CHECK(socket.connected());
    CHECK(socket.rooms() == Names{socket.id(), "early"});
    socket.emit("welcome");
  });
  Client client(fixture);
  client.send("0");
  client.send("0");  // dropped with the connection: what was sent is not
  const Names received = client.take();
  REQUIRE(received.size() == 2);
  CHECK(without_ids(received[0]) == "0{\"sid\":\"(id)\"}");
  CHECK(received[1] == "2[\"welcome\"]");
}

TEST_CASE("connecting: each namespace gives a socket of its own, and may be left and joined again") {
  Fixture fixture;
  static_cast<void>(fixture.io->of("/admin"));
  Client client(fixture);
  const std::string root = client.join();
  const std::string admin = client.join("/admin");
  CHECK(is_id(root));
  CHECK(is_id(admin));
  CHECK(root != admin);
  client.send("1/admin,");
  client.send("0/admin");  // the comma may be missing at the end
  const std::string again = client.next();
  CHECK(without_ids(again) == "0/admin,{\"sid\":\"(id)\"}");
  CHECK(member(again, "sid") != admin);
  client.send("1/admin");
  client.send("2/admin,[\"e\"]");
  CHECK(client.until_closed());
}

TEST_CASE("connecting: a connection has so many namespaces and no more") {
  ServerOptions options;
  options.namespaces_per_connection_max = 2;
  Fixture fixture(options);
  for (const char* const name : {"/a", "/b", "/c"}) {
    static_cast<void>(fixture.io->of(name));
  }
  Client client(fixture);
  client.join("/a");
  client.join("/b");
  client.send("0/c,");
  CHECK(client.next() == "4/c,{\"message\":\"Too many namespaces\"}");
  client.send("1/a,");
  client.join("/c");
  CHECK(fixture.counters().connects_refused == 1);
}

TEST_CASE("connecting: a client that goes while middlewares think is never told of, and does not stay") {
  Fixture fixture;
  std::vector<Next> waiting;
  std::optional<Socket> kept;
  fixture.io->use([&](Socket socket, Next next) {
    kept = socket;
    waiting.push_back(std::move(next));
  });
  fixture.io->on_connection([](Socket) { FAIL("it has gone"); });
  Client client(fixture);
  client.send("0");
  client.take();
  REQUIRE(waiting.size() == 1);
  client.reset();
  CHECK(fixture.until([&fixture] { return fixture.io->connection_count() == 0; }));
  waiting[0]();
  waiting[0](Refusal("late"));
  CHECK(fixture.io->socket_count() == 0);
  CHECK(kept->rooms().empty());
  CHECK_FALSE(kept->connected());
}

TEST_CASE("connecting: the handshake tells of the first request and of the auth") {
  Fixture fixture;
  std::optional<Socket> socket;
  fixture.io->on_connection([&socket](Socket connected) { socket = connected; });
  Client client(fixture, "EIO=4&transport=websocket&token=a%20b&token=c");
  client.join("/", "{\"user\":{\"name\":\"J\xc3\xbcrgen\"}}");
  REQUIRE(socket.has_value());
  const auto check = [](const Handshake& handshake) {
    CHECK(handshake.header("host") == "localhost");
    CHECK(handshake.header("upgrade") == "websocket");
    CHECK(handshake.query_value("transport") == "websocket");
    CHECK(handshake.query_value("token") == "c");
    CHECK(handshake.address == "127.0.0.1");
    CHECK(handshake.url == "/socket.io/?EIO=4&transport=websocket&token=a%20b&token=c");
    CHECK(handshake.auth().json() == "{\"user\":{\"name\":\"J\xc3\xbcrgen\"}}");
    CHECK_FALSE(handshake.xdomain);
    CHECK_FALSE(handshake.secure);
    CHECK(handshake.issued_ms > 1'600'000'000'000);
    CHECK(handshake.time().ends_with(" GMT+0000 (Coordinated Universal Time)"));
  };
  check(socket->handshake());
  CHECK(socket->transport() == "websocket");
  client.reset();
  CHECK(fixture.until([&socket] { return !socket->connected(); }));
  check(socket->handshake());  // also of one that has gone
  CHECK(socket->transport().empty());
}

TEST_CASE("connecting: without auth there is an empty object") {
  Fixture fixture;
  std::string auth;
  fixture.io->on_connection([&auth](Socket socket) { auth = socket.handshake().auth().json(); });
  Client client(fixture);
  client.join();
  CHECK(auth == "{}");
}

TEST_CASE("connecting: clients of generation 2 are in the root namespace at once, and send their auth as a query") {
  ServerOptions options;
  options.engine.allow_eio3 = true;
  options.recovery.enabled = true;  // is nothing for them
  Fixture fixture(options);
  Names auths;
  const auto note = [&auths](Socket socket) { auths.push_back(socket.id() + " " + socket.handshake().auth().json()); };
  fixture.io->on_connection(note);
  fixture.io->of("/x").on_connection(note);
  fixture.io->of("/deny").use([](Socket, Next next) { next(Refusal("no", std::map<std::string, int>{{"code", 1}})); });
  fixture.io->of("/shy").use([](Socket, Next next) { next(Refusal("no")); });
  Client client(fixture, "EIO=3&transport=websocket");
  CHECK(client.next() == "0");
  client.send("0/x?token=1&b=%20");
  CHECK(client.next() == "0/x,");
  const std::string sid = member(client.opening(), "sid");
  CHECK(auths == Names{sid + " {}", "/x#" + sid + " {\"token\":\"1\",\"b\":\" \"}"});
  client.send("0/nope");
  CHECK(client.next() == "4/nope,{\"message\":\"Invalid namespace\"}");
  client.send("0/deny");
  CHECK(client.next() == "4/deny,{\"code\":1}");
  client.send("0/shy");
  CHECK(client.next() == "4/shy,\"no\"");
  client.send("0");
  CHECK(client.until_closed());
}

TEST_CASE("connecting: clients of generation 2 may be refused the root namespace") {
  ServerOptions options;
  options.engine.allow_eio3 = true;
  Fixture fixture(options);
  fixture.io->use([](Socket socket, const Next&) { socket.disconnect(true); });
  Client client(fixture, "EIO=3&transport=websocket");
  CHECK(client.until_closed());
  CHECK(fixture.io->connection_count() == 0);
}

}  // namespace socketio_connect_test
