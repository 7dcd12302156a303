// Connections that move between loops, because each of their requests is for one of them.

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "http_fixture.hpp"

namespace http_loops_test {

using http_test::Client;
using http_test::get;
using http_test::TwoLoops;

namespace {

bool wait_until_open(TwoLoops& server, std::size_t count) {
  for (int turn = 0; turn < 100'000 && server.open() != count; ++turn) {
    server.threads[0].run([] {});
    server.threads[1].run([] {});
  }
  return server.open() == count;
}

}  // namespace

TEST_CASE("HTTP on two loops: each request of a connection is served by the loop that it belongs to") {
  TwoLoops server;
  Client client(server.port());
  for (const std::string path : {"/0", "/1", "/1", "/0", "/1"}) {
    CAPTURE(path);
    client.send(get(path));
    CHECK(client.response().body == path.substr(1) + ":");
  }
  CHECK(server.open() == 1);
}

TEST_CASE("HTTP on two loops: pipelined requests are answered in their order") {
  TwoLoops server;
  Client client(server.port());
  client.send(get("/1") + get("/0") + get("/0") + get("/1"));
  for (const std::string expected : {"1:", "0:", "0:", "1:"}) {
    CHECK(client.response().body == expected);
  }
}

TEST_CASE("HTTP on two loops: a body goes where its request goes, however it comes") {
  TwoLoops server;
  for (const std::string path : {"/0", "/1"}) {
    CAPTURE(path);
    Client client(server.port());
    const std::string text = "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789";
    for (const std::size_t cut : {std::size_t{1}, text.size() - 10, text.size() - 4}) {
      CAPTURE(cut);
      client.send(text.substr(0, cut));
      server.threads[0].run([] {});
      server.threads[1].run([] {});
      client.send(text.substr(cut));
      CHECK(client.response().body == path.substr(1) + ":0123456789");
    }
  }
}

TEST_CASE("HTTP on two loops: new connections go to the emptier one") {
  TwoLoops server;
  std::vector<Client> clients;
  for (int count = 0; count < 6; ++count) {
    clients.emplace_back(server.port());
  }
  CHECK(wait_until_open(server, 6));
  for (std::size_t place = 0; place < 2; ++place) {
    CHECK(server.threads[place].ask([&] { return server.servers[place]->connection_count(); }) == 3);
  }
}

TEST_CASE("HTTP on two loops: the limit of connections is for both") {
  socketio::HttpOptions options;
  options.connections_max = 3;
  TwoLoops server(options);
  std::vector<Client> clients;
  for (int count = 0; count < 3; ++count) {
    clients.emplace_back(server.port());
  }
  CHECK(wait_until_open(server, 3));
  Client refused(server.port());
  CHECK(refused.read_to_end().starts_with("HTTP/1.1 503 "));

  clients.pop_back();
  CHECK(wait_until_open(server, 2));
  Client client(server.port());
  client.send(get("/1"));
  CHECK(client.response().body == "1:");
}

TEST_CASE("HTTP on two loops: a client that goes away while its connection moves leaves nothing behind") {
  TwoLoops server;
  for (int count = 0; count < 20; ++count) {
    Client client(server.port());
    client.send(get("/1") + get("/0"));
    count % 2 == 0 ? client.reset() : client.close();
  }
  CHECK(wait_until_open(server, 0));
}

TEST_CASE("HTTP on two loops: closing waits for the connections of both") {
  TwoLoops server;
  Client idle(server.port());
  Client other(server.port());
  other.send(get("/1"));
  CHECK(other.response().body == "1:");
  server.close();
  CHECK(server.open() == 0);
  CHECK(idle.ended());
  CHECK(other.ended());
}

}  // namespace http_loops_test
