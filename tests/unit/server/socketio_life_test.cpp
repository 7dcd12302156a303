// Handles outlive what they stand for, and do nothing then.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include <socketio/adapter/in_memory.hpp>

#include "live_fixture.hpp"

namespace socketio_life_test {

using namespace live;

namespace {

/// Everything that can be asked of a socket that has gone.
void use_all(const Socket& socket) {
  CHECK_FALSE(socket.connected());
  CHECK_FALSE(socket.emit("e"));
  CHECK_FALSE(socket.send(1));
  CHECK_FALSE(socket.volatile_().compress(false).emit("e"));
  socket.join("x");
  socket.join({"y", "z"});
  socket.leave("x");
  CHECK(socket.rooms().empty());
  socket.broadcast().emit("e");
  socket.to("x").emit("e");
  socket.on("e", [] {});
  socket.once("e", [] {});
  socket.off("e");
  socket.on_any([](const Value&, const Arguments&) {});
  socket.off_any();
  socket.on_any_outgoing([](const Value&, const Arguments&) {});
  socket.off_any_outgoing();
  socket.use([](const Value&, const Arguments&, Next) {});
  socket.on_disconnecting([](std::string_view) {});
  socket.on_disconnect([](std::string_view) {});
  socket.on_error([](std::string_view) {});
  socket.set_data(1);
  CHECK(socket.data().as<int>() == 1);
  socket.disconnect();
  socket.disconnect(true);
  CHECK(is_id(socket.id()));
  CHECK(socket.nsp() == "/");
  CHECK(socket.transport().empty());
  CHECK(socket.handshake().address == "127.0.0.1");
}

}  // namespace

TEST_CASE("life: a socket that has gone does nothing, whoever ended it, and while its server lives or not") {
  std::optional<Socket> socket;
  int acks = 0;
  Fixture fixture;
  fixture.io->on_connection([&socket](Socket connected) { socket = connected; });
  Client client(fixture);
  client.join();
  client.reset();
  CHECK(fixture.until_count(0));
  use_all(*socket);
  fixture.destroy();
  use_all(*socket);
  socket->emit_with_ack("e", OnAck([&acks](const AckResult& result) {
                          CHECK(result.status == AckStatus::disconnected);
                          ++acks;
                        }));
  CHECK(fixture.until([&acks] { return acks == 1; }));
}

TEST_CASE("life: the end of a server ends its sockets, with the reason, and what is kept of it does nothing") {
  Names heard;
  std::optional<Socket> socket;
  Fixture fixture;
  fixture.io->on_connection([&](Socket connected) {
    socket = connected;
    connected.on_disconnect([&heard](std::string_view reason) { heard.emplace_back(reason); });
  });
  Client client(fixture);
  client.join();
  const Namespace root = *fixture.io;
  const Namespace other = fixture.io->of("/x");
  const Namespace predicate = fixture.io->of([](std::string_view, const Value&) { return true; });
  socket->emit_with_ack("e", OnAck([&heard](const AckResult& result) { heard.emplace_back(text_of(result.status)); }));
  root.timeout(std::chrono::hours(1)).emit_with_ack("e", OnAckAnswers([&heard](const AckAnswers& answers) {
                                                      heard.push_back("missing " + std::to_string(answers.clients_missing()));
                                                    }));
  other.emit_with_ack("e", OnAckAnswers([&heard](const AckAnswers& answers) {
                        heard.push_back("asked " + std::to_string(answers.clients_asked()));
                      }));
  fixture.destroy();
  CHECK(heard == Names{"server shutting down", "socket has been disconnected", "missing 1", "asked 0"});
  use_all(*socket);
  for (const Namespace& nsp : {root, other, predicate}) {
    nsp.emit("e");
    nsp.to("x").sockets_join("y");
    nsp.disconnect_sockets();
    nsp.server_side_emit("e");
    nsp.use([](Socket, Next) {});
    nsp.on_connection([](Socket) {});
    nsp.on_server_side("e", [] {});
    CHECK(nsp.sockets().empty());
    CHECK(nsp.socket_count() == 0);
    CHECK_FALSE(nsp.find_socket("x"));
    CHECK(nsp.adapter_counters().broadcasts == 0);
  }
  CHECK(client.until_closed());
  CHECK(heard.size() == 4);
}

TEST_CASE("life: what is asked of a namespace whose server has ended has an answer all the same, once and later") {
  std::optional<Socket> socket;
  Fixture fixture;
  fixture.io->on_connection([&socket](Socket connected) { socket = connected; });
  Client client(fixture);
  client.join();
  const Namespace root = *fixture.io;
  fixture.destroy();
  Names answers;
  root.fetch_sockets([&answers](const FetchedSocketList& list) {
    answers.push_back("fetched " + std::to_string(list.sockets.size()) + ", missing " + std::to_string(list.servers_missing));
  });
  root.emit_with_ack("e", OnAckAnswers([&answers](const AckAnswers& acks) {
                       answers.push_back(acks.complete() ? "acks: complete" : "acks: too late");
                     }));
  root.server_side_emit_with_ack("e", OnServerSideAnswers([&answers](const ServerSideAnswers& servers) {
                                   answers.push_back(servers.complete() ? "servers: complete" : "servers: too late");
                                 }));
  root.all_rooms([&answers](const Names& rooms) { answers.push_back("rooms " + std::to_string(rooms.size())); });
  root.server_count([&answers](std::size_t count) { answers.push_back("count " + std::to_string(count)); });
  const Room room("x");
  socket->join(std::span(&room, 1), [&answers](bool subscribed) { answers.emplace_back(subscribed ? "joined" : "not joined"); });
  CHECK(answers.empty());
  CHECK(fixture.until([&answers] { return answers.size() >= 6; }));
  fixture.loop.poll();
  std::sort(answers.begin(), answers.end());
  CHECK(answers == Names{"acks: too late", "count 0", "fetched 0, missing 1", "not joined", "rooms 0", "servers: too late"});
}

TEST_CASE("life: handlers may hold their own socket, and are destroyed with the connection") {
  std::weak_ptr<int> watched;
  Fixture fixture;
  fixture.io->on_connection([&watched](Socket socket) {
    const auto held = std::make_shared<int>(7);
    watched = held;
    socket.on("e", [socket, held] {});
    socket.on_disconnect([socket, held](std::string_view) {});
    socket.on_any([socket, held](const Value&, const Arguments&) {});
    socket.use([socket, held](const Value&, const Arguments&, Next next) { next(); });
    socket.emit_with_ack("e", OnAck([socket, held](const AckResult&) {}));
  });
  Client client(fixture);
  client.join();
  CHECK_FALSE(watched.expired());
  client.reset();
  CHECK(fixture.until([&watched] { return watched.expired(); }));
}

TEST_CASE("life: the handlers of a refused socket are destroyed, too") {
  std::weak_ptr<int> watched;
  Fixture fixture;
  fixture.io->use([&watched](Socket socket, Next next) {
    const auto held = std::make_shared<int>(7);
    watched = held;
    socket.on("e", [socket, held] {});
    next(Refusal("no"));
  });
  Client client(fixture);
  client.send("0");
  client.take();
  CHECK(watched.expired());
}

TEST_CASE("life: two servers live on one loop") {
  Fixture first;
  Server second(first.loop);
  REQUIRE(second.listen("127.0.0.1", 0));
  Client client(first);
  client.join();
  second.emit("e");
  CHECK(client.take().empty());
  first.io->emit("e");
  CHECK(client.take() == Names{"2[\"e\"]"});
}

TEST_CASE("life: an option outside its range is thrown back") {
  Loop loop;
  ServerOptions path;
  path.engine.path = "socket.io";
  CHECK_THROWS_AS(Server(loop, path), Error);
  ServerOptions depth;
  depth.depth_max = 0;
  CHECK_THROWS_AS(Server(loop, depth), Error);
}

TEST_CASE(
    "life: when no adapter can be made for a namespace, the application hears of it, and a client gets no such namespace") {
  ServerOptions options;
  options.adapter = [](adapter::Host& host) -> std::unique_ptr<adapter::Adapter> {
    if (host.nsp() != "/") {
      throw std::runtime_error("no adapter for " + std::string(host.nsp()));
    }
    return std::make_unique<adapter::InMemoryAdapter>(host);
  };
  Fixture fixture(options);
  CHECK_THROWS_AS(static_cast<void>(fixture.io->of("/x")), std::runtime_error);
  static_cast<void>(fixture.io->of([](std::string_view, const Value&) { return true; }));
  Client client(fixture);
  client.send("0/y,");
  CHECK(client.next() == "4/y,{\"message\":\"Invalid namespace\"}");
  CHECK(fixture.problems == Names{"the maker of adapters: no adapter for /y"});
}

TEST_CASE("life: closing twice, and destroying while closing, calls back at most once each") {
  int done = 0;
  Fixture fixture;
  Client client(fixture);
  client.join();
  fixture.io->close(std::chrono::seconds(5), [&done] { ++done; });
  fixture.destroy();
  fixture.loop.poll();
  CHECK(done <= 1);
  CHECK(client.until_closed());
}

TEST_CASE("life: closing several times calls back each when nothing is left, and listening works from then on") {
  std::string done;
  std::string refusal = "not tried";
  Fixture fixture;
  Client client(fixture);
  client.join();
  fixture.io->close(std::chrono::seconds(60), [&] {
    done += 'a';
    refusal = fixture.io->listen("127.0.0.1", 0).reason();
  });
  fixture.io->close(std::chrono::seconds(5), [&] { done += 'b'; });
  fixture.io->close(std::chrono::seconds(5), [&] { done += 'c'; });
  CHECK(client.until_closed());
  client.close_orderly();
  CHECK(fixture.until([&done] { return done.size() == 3; }));
  CHECK(done == "abc");
  CHECK(refusal.empty());
  fixture.port = fixture.io->port();
  Client next(fixture);
  CHECK(!next.join().empty());
}

TEST_CASE("life: what was emitted and acked before closing arrives, over both transports, and then the connection ends") {
  int done = 0;
  Fixture fixture;
  fixture.io->on_connection([&fixture, &done](Socket socket) {
    socket.on("stop", [&fixture, &done](const Ack& ack) {
      ack("stopping");
      fixture.io->emit("bye");
      fixture.io->close(std::chrono::seconds(10), [&done] { ++done; });
    });
  });
  Client client(fixture);
  client.join();
  Poller poller(fixture);
  poller.post("40");
  CHECK(live::without_ids(poller.get()) == "40{\"sid\":\"(id)\"}");
  Poller absent(fixture);
  absent.post("40");
  absent.get();
  const auto get = poller.begin_get();
  client.send("27[\"stop\"]");
  CHECK(client.next() == "37[\"stopping\"]");
  CHECK(client.next() == "2[\"bye\"]");
  CHECK(client.until_closed());
  client.close_orderly();
  CHECK(get->body() == "42[\"bye\"]");
  CHECK(poller.get() ==
        "6\x1e"
        "1");
  CHECK(done == 0);
  CHECK(absent.get() == "42[\"bye\"]");
  CHECK(absent.get() ==
        "6\x1e"
        "1");
  CHECK(fixture.until([&done] { return done == 1; }));
}

TEST_CASE("life: closing does not wait beyond its deadline for a client that does not come for its messages") {
  Fixture fixture;
  Poller absent(fixture);
  absent.post("40");
  REQUIRE(fixture.until_count(1));
  fixture.io->emit("bye");
  int done = 0;
  fixture.io->close(std::chrono::milliseconds(50), [&done] { ++done; });
  CHECK(fixture.until([&done] { return done == 1; }));
}

TEST_CASE("life: over long polling, what was emitted and acked before disconnecting comes first, the close with a later GET") {
  for (const bool by_operator : {false, true}) {
    CAPTURE(by_operator);
    Fixture fixture;
    fixture.io->on_connection([&fixture, by_operator](Socket socket) {
      socket.on("leave", [&fixture, by_operator, socket](const Ack& ack) {
        socket.emit("last", 1);
        ack("left");
        by_operator ? fixture.io->disconnect_sockets(true) : socket.disconnect(true);
      });
    });
    Poller poller(fixture);
    poller.post("40");
    poller.get();
    const auto get = poller.begin_get();
    poller.post("423[\"leave\"]");
    CHECK(get->body() ==
          "42[\"last\",1]\x1e"
          "433[\"left\"]\x1e"
          "41");
    CHECK(poller.get() ==
          "6\x1e"
          "1");
    CHECK(fixture.counters().sockets_disconnected == 1);
  }
}

}  // namespace socketio_life_test
