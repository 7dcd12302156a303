// Why sockets end, as the application hears it, and whether their clients may go on later.
//
// Source: docs/wire_server.md, "Connection to namespaces".

#include <doctest/doctest.h>

#include <chrono>

#include "live_fixture.hpp"

namespace socketio_reasons_test {

using namespace live;

namespace {

struct Ending {
  std::string reason;
  bool recoverable;
  std::function<void(Fixture&, Client&)> end;
};

}  // namespace

TEST_CASE("reasons: each end has its reason, and those that were no decision can be recovered from") {
  const std::vector<Ending> endings{
      {"client namespace disconnect", false, [](Fixture&, Client& client) { client.send("1"); }},
      {"server namespace disconnect", false, [](Fixture& fixture, Client&) { fixture.io->sockets()[0].disconnect(); }},
      {"server namespace disconnect", false, [](Fixture& fixture, Client&) { fixture.io->sockets()[0].disconnect(true); }},
      {"server namespace disconnect", false, [](Fixture& fixture, Client&) { fixture.io->disconnect_sockets(true); }},
      {"server shutting down", true, [](Fixture& fixture, Client&) { fixture.io->close(std::chrono::seconds(1), [] {}); }},
      {"transport close", true, [](Fixture&, Client& client) { client.close_orderly(); }},
      {"transport close", true, [](Fixture&, Client& client) { client.reset(); }},
      {"transport error", true, [](Fixture&, Client& client) { client.send_packet("2"); }},
      {"parse error", false, [](Fixture&, Client& client) { client.send_packet("x"); }},
      {"forced close", true, [](Fixture&, Client& client) { client.send("2["); }},
      {"forced close", true, [](Fixture&, Client& client) { client.send("0"); }},
      {"transport error", true, [](Fixture& fixture, Client&) { fixture.io->emit("e", std::string(32 << 20, 'x')); }},
  };
  for (const Ending& ending : endings) {
    CAPTURE(ending.reason);
    ServerOptions options;
    options.recovery.enabled = true;
    options.engine.queue_bytes_max = 1'000;
    Names heard;
    Names rooms;
    Fixture fixture(options);
    fixture.io->on_connection([&](Socket socket) {
      socket.join("x");
      socket.on_disconnecting([&heard, &rooms, socket](std::string_view reason) {
        heard.push_back("disconnecting: " + std::string(reason));
        rooms = socket.rooms();
      });
      socket.on_disconnect([&heard, socket](std::string_view reason) {
        heard.push_back("disconnect: " + std::string(reason));
        CHECK(socket.rooms().empty());
        CHECK_FALSE(socket.connected());
      });
    });
    Client client(fixture);
    const std::string id = client.join();
    ending.end(fixture, client);
    if (ending.reason == "transport error") {  // a client that does not read: the first fills the kernel, the second the queue
      fixture.io->emit("e");
      fixture.io->emit("e");
    }
    CHECK(fixture.until([&heard] { return heard.size() == 2; }));
    CHECK(heard == Names{"disconnecting: " + ending.reason, "disconnect: " + ending.reason});
    CHECK(rooms == Names{id, "x"});
    CHECK(fixture.io->adapter_counters().sessions_saved == (ending.recoverable ? 1 : 0));
    CHECK(fixture.counters().sockets_disconnected == 1);
    CHECK(fixture.io->socket_count() == 0);
  }
}

TEST_CASE("reasons: a client that answers no ping has timed out, over either transport") {
  ServerOptions options;
  options.engine.ping_interval = std::chrono::milliseconds(5);
  options.engine.ping_timeout = std::chrono::milliseconds(20);
  for (const bool polling : {false, true}) {
    CAPTURE(polling);
    std::string reason;
    Fixture fixture(options);
    fixture.io->on_connection(
        [&reason](Socket socket) { socket.on_disconnect([&reason](std::string_view why) { reason = why; }); });
    std::unique_ptr<Client> client;
    if (polling) {
      Poller(fixture).post("40");
    } else {
      client = std::make_unique<Client>(fixture);
      client->send("0");
    }
    CHECK(fixture.until([&reason] { return !reason.empty(); }));
    CHECK(reason == "ping timeout");
  }
}

TEST_CASE("reasons: disconnecting one namespace leaves the others, and closing ends all of them") {
  Names heard;
  Fixture fixture;
  const auto note = [&heard](Socket socket) {
    const std::string name = socket.nsp();
    socket.on_disconnect([&heard, name](std::string_view reason) { heard.push_back(name + " " + std::string(reason)); });
  };
  fixture.io->on_connection(note);
  fixture.io->of("/x").on_connection(note);
  Client client(fixture);
  client.join();
  client.join("/x");
  fixture.io->sockets()[0].disconnect();
  CHECK(client.take() == Names{"1"});
  CHECK_FALSE(client.closed());
  CHECK(heard == Names{"/ server namespace disconnect"});
  client.join();
  heard.clear();
  fixture.io->of("/x").sockets()[0].disconnect(true);
  CHECK(client.take() == Names{"1/x,", "1"});
  CHECK(client.closed());
  CHECK(heard == Names{"/x server namespace disconnect", "/ server namespace disconnect"});
}

TEST_CASE("reasons: an orderly close tells sockets, ends connections without a DISCONNECT, and is done once") {
  Names reasons;
  Fixture fixture;
  fixture.io->on_connection(
      [&reasons](Socket socket) { socket.on_disconnect([&reasons](std::string_view why) { reasons.emplace_back(why); }); });
  Client client(fixture);
  client.join();
  Poller poller(fixture);
  poller.post("40");
  poller.get();
  const auto waiting = poller.begin_get();
  CHECK(fixture.until([&fixture] { return fixture.counters().http.requests == 5; }));
  int done = 0;
  fixture.io->close(std::chrono::seconds(5), [&done] { ++done; });
  CHECK(reasons == Names{"server shutting down", "server shutting down"});
  CHECK(done == 0);
  CHECK(client.until_closed());
  CHECK(waiting->body() == "1");
  CHECK(fixture.until([&done] { return done != 0; }));
  CHECK(client.take().empty());
  fixture.io->emit("nobody hears this");
  CHECK(done == 1);
}

}  // namespace socketio_reasons_test
