// How connections live and end: deadlines, clients that go away, limits, closing.

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http_fixture.hpp"

namespace http_life_test {

using http_test::Client;
using http_test::get;
using http_test::HttpFixture;
using socketio::as_bytes;
using socketio::Bytes;
using socketio::HttpOptions;
using socketio::server::HttpExchange;
using socketio::server::HttpServer;

namespace {

using Exchange = std::shared_ptr<HttpExchange>;

void say_ok(const Exchange& exchange) { exchange->respond(200, {}, as_bytes("ok")); }

/// Keeps requests, and what became of them.
struct Holder {
  std::vector<Exchange> held;
  int abandoned = 0;
  int bodies = 0;
  bool last_complete = true;

  socketio::server::HttpHandler handler(bool with_body) {
    return [this, with_body](const Exchange& exchange) {
      held.push_back(exchange);
      exchange->on_abandoned([this] { ++abandoned; });
      if (with_body) {
        exchange->read_body(1'000'000, [this](Bytes, bool complete, bool) {
          ++bodies;
          last_complete = complete;
        });
      }
    };
  }
};

}  // namespace

TEST_CASE("http: a head that does not end in time is answered with 408") {
  HttpOptions options;
  options.header_timeout = std::chrono::milliseconds(100);
  HttpFixture server(say_ok, options);
  Client slow(server.port());
  slow.send("GET / HT");
  CHECK(slow.response().status == 408);
  CHECK(slow.ended());
  CHECK(server.counters().timeouts == 1);
}

TEST_CASE("http: a head that comes byte by byte has no more time for it") {
  HttpOptions options;
  options.header_timeout = std::chrono::milliseconds(200);
  options.header_bytes_max = 1 << 24;  // time runs out first
  HttpFixture server(say_ok, options);
  Client slow(server.port());
  slow.send("GET / HTTP/1.1\r\nX: ");
  while (slow.send("y") && server.counters().timeouts == 0) {
  }
  CHECK(server.counters().timeouts == 1);
}

TEST_CASE("http: connections that say nothing, or nothing more, are closed without a word") {
  HttpOptions options;
  options.header_timeout = std::chrono::milliseconds(100);
  options.idle_timeout = std::chrono::milliseconds(50);
  HttpFixture server(say_ok, options);
  Client silent(server.port());
  CHECK(silent.ended());
  Client idle(server.port());
  idle.send(get("/"));
  CHECK(idle.response().status == 200);
  CHECK(idle.ended());
  CHECK(server.counters().timeouts == 0);
}

TEST_CASE("http: a body that does not come in time is answered with 408, and the handler hears it") {
  HttpOptions options;
  options.body_timeout = std::chrono::milliseconds(100);
  Holder holder;
  HttpFixture server(holder.handler(true), options);
  Client slow(server.port());
  slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(slow.response().status == 408);
  CHECK(slow.ended());
  CHECK(server.thread.ask([&] { return holder.bodies == 1 && !holder.last_complete && holder.abandoned == 1; }));
  server.thread.run([&] { holder.held.clear(); });
}

TEST_CASE("http: a client that does not read its answer is closed") {
  HttpOptions options;
  options.body_timeout = std::chrono::milliseconds(200);
  const std::string large(32 << 20, 'x');
  HttpFixture server([&large](const Exchange& exchange) { exchange->respond(200, {}, as_bytes(large)); }, options);
  Client client(server.port());
  client.send(get("/"));
  CHECK(server.wait([&] { return server.server->counters().timeouts == 1; }));
  CHECK(server.wait_for_connection_count(0));
}

TEST_CASE("http: who handles a request hears that its client has gone, once, and answers into the void") {
  Holder holder;
  HttpFixture server(holder.handler(false));
  SUBCASE("orderly") {
    Client client(server.port());
    client.send(get("/"));
    REQUIRE(server.wait([&] { return holder.held.size() == 1; }));
    client.close();
  }
  SUBCASE("by a reset") {
    Client client(server.port());
    client.send(get("/"));
    REQUIRE(server.wait([&] { return holder.held.size() == 1; }));
    client.reset();
  }
  SUBCASE("with its output only") {
    Client client(server.port());
    client.send(get("/"));
    REQUIRE(server.wait([&] { return holder.held.size() == 1; }));
    client.end_output();
    CHECK(client.ended());
  }
  CHECK(server.wait([&] { return holder.abandoned == 1; }));
  bool told_late = false;
  server.thread.run([&] {
    holder.held[0]->respond(200, {}, {});
    holder.held[0]->on_abandoned([&] { told_late = true; });
    CHECK_FALSE(told_late);
    holder.held.clear();
  });
  CHECK(server.wait([&] { return told_late; }));
  CHECK(holder.abandoned == 1);
  CHECK(server.wait_for_connection_count(0));
}

TEST_CASE("http: a client that goes away in the middle of a body leaves an incomplete one") {
  Holder holder;
  HttpFixture server(holder.handler(true));
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  REQUIRE(server.wait([&] { return holder.held.size() == 1; }));
  client.close();
  CHECK(server.wait([&] { return holder.bodies == 1 && !holder.last_complete && holder.abandoned == 1; }));
  server.thread.run([&] { holder.held.clear(); });
}

TEST_CASE("http: a body may be read later than its request came") {
  Holder holder;
  HttpFixture server(holder.handler(false));
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'));
  REQUIRE(server.wait([&] { return holder.held.size() == 1; }));
  std::size_t size = 0;
  server.thread.run([&] {
    holder.held[0]->read_body(1'000'000, [&](Bytes body, bool complete, bool) {
      size = complete ? body.size() : 0;
      holder.held[0]->respond(200, {}, {});
    });
    CHECK(size == 0);  // never before the call has returned
  });
  CHECK(client.response().status == 200);
  CHECK(size == 200'000);
  server.thread.run([&] { holder.held.clear(); });
}

TEST_CASE("http: a client that sends its request and ends its output still gets an answer that is ready") {
  const std::string large(8 << 20, 'x');
  HttpFixture server([&large](const Exchange& exchange) { exchange->respond(200, {}, as_bytes(large)); });
  Client client(server.port());
  client.send(get("/"));
  client.end_output();
  CHECK(client.response().body == large);
  CHECK(client.ended());
}

TEST_CASE("http: above the limit connections are refused and counted, nobody else is harmed, and it recovers") {
  HttpOptions options;
  options.connections_max = 50;
  HttpFixture server(say_ok, options);
  std::vector<Client> good;
  for (int number = 0; number < 50; ++number) {
    good.emplace_back(server.port());
  }
  REQUIRE(server.wait_for_connection_count(50));
  for (int number = 0; number < 100; ++number) {
    Client refused(server.port());
    const std::string answer = refused.read_to_end();
    CHECK((answer.empty() || answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n")));
  }
  CHECK(server.counters().refused_limit == 100);
  for (Client& client : good) {
    client.send(get("/"));
    REQUIRE(client.response().status == 200);
  }
  good.clear();
  REQUIRE(server.wait_for_connection_count(0));
  Client again(server.port());
  again.send(get("/"));
  CHECK(again.response().status == 200);
}

TEST_CASE("http: a burst of 2,000 connections is served") {
  HttpFixture server(say_ok);
  std::vector<Client> clients;
  for (int number = 0; number < 2'000; ++number) {
    clients.emplace_back(server.port());
    REQUIRE(clients.back().connected());
    clients.back().send(get("/"));
  }
  for (Client& client : clients) {
    REQUIRE(client.response().body == "ok");
  }
  CHECK(server.counters().accepted == 2'000);
}

TEST_CASE("http: a process without descriptors refuses connections, spins not, and recovers") {
  HttpFixture server(say_ok);
  Client before(server.port());
  before.send(get("/"));
  REQUIRE(before.response().status == 200);
  Client refused_later(server.port());
  REQUIRE(server.wait_for_connection_count(2));
  // Every descriptor but those that new clients need is taken. accept() finds none, as the clients are connected already.
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  std::vector<int> taken;
  const rlimit low{limit.rlim_cur < 512 ? limit.rlim_cur : 512, limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
  for (int descriptor = 0; (descriptor = dup(0)) >= 0;) {
    taken.push_back(descriptor);
  }
  {
    close(taken.back());  // for one client; the server's side has none
    taken.pop_back();
    Client unlucky(server.port());
    CHECK(unlucky.ended());
    CHECK(server.counters().refused_limit == 1);
    before.send(get("/"));
    CHECK(before.response().status == 200);
  }
  for (const int descriptor : taken) {
    close(descriptor);
  }
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  Client lucky(server.port());
  lucky.send(get("/"));
  CHECK(lucky.response().status == 200);
}

TEST_CASE("http: closing ends idle connections at once, busy ones after their answer, and says when all are gone") {
  Holder holder;
  HttpFixture server(holder.handler(false));
  Client idle(server.port());
  Client busy(server.port());
  busy.send(get("/"));
  REQUIRE(server.wait([&] { return holder.held.size() == 1; }));
  REQUIRE(server.wait_for_connection_count(2));
  int done = 0;
  server.thread.run([&] {
    server.server->close(10'000, [&] { ++done; });
    CHECK(done == 0);
  });
  CHECK(idle.ended());
  CHECK_FALSE(Client(server.port()).connected());
  server.thread.run([&] { holder.held[0]->respond(200, {}, as_bytes("late")); });
  const auto answer = busy.response();
  CHECK(answer.body == "late");
  CHECK(answer.has("Connection: close"));
  CHECK(busy.ended());
  busy.close();
  CHECK(server.wait([&] { return done == 1; }));
  server.thread.run([&] { holder.held.clear(); });
}

TEST_CASE("http: closing gives up on what is busy at its deadline, and tells its handler") {
  Holder holder;
  HttpFixture server(holder.handler(false));
  Client busy(server.port());
  busy.send(get("/"));
  REQUIRE(server.wait([&] { return holder.held.size() == 1; }));
  int done = 0;
  server.thread.run([&] { server.server->close(50, [&] { ++done; }); });
  CHECK(busy.ended());
  CHECK(server.wait([&] { return done == 1 && holder.abandoned == 1; }));
  server.thread.run([&] { holder.held.clear(); });
}

TEST_CASE("http: after closing nothing keeps the loop turning, also when a connection had to be waited for") {
  Holder holder;
  socketio::HttpOptions options;
  options.header_timeout = std::chrono::milliseconds(3'600'000);
  socketio::Loop loop;
  HttpServer server(loop, options, holder.handler(false));
  REQUIRE(server.listen("127.0.0.1", 0).empty());
  Client busy(server.port());
  busy.send(get("/"));
  REQUIRE(loop.run_until([&] { return holder.held.size() == 1; }, std::chrono::seconds(10)));
  bool done = false;
  server.close(10'000, [&] { done = true; });
  holder.held[0]->respond(200, {}, as_bytes("late"));
  holder.held.clear();
  loop.poll();
  CHECK(busy.response().body == "late");
  CHECK_FALSE(done);
  busy.close();
  std::promise<void> returned;
  std::thread watchdog([&loop, ended = returned.get_future()] {
    if (ended.wait_for(std::chrono::seconds(10)) != std::future_status::ready) {
      loop.post([&loop] { loop.stop(); });
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  loop.run();
  const auto took = std::chrono::steady_clock::now() - begin;
  returned.set_value();
  watchdog.join();
  CHECK(done);
  CHECK(took < std::chrono::seconds(9));
}

TEST_CASE("http: a server may be destroyed with requests under way, which are then answered into the void") {
  Holder holder;
  auto server = std::make_unique<HttpFixture>(holder.handler(false));
  Client busy(server->port());
  busy.send(get("/"));
  REQUIRE(server->wait([&] { return holder.held.size() == 1; }));
  server->thread.run([&] {
    server->server.reset();
    holder.held[0]->respond(200, {}, {});
    holder.held.clear();
  });
  CHECK(busy.ended());
  CHECK(holder.abandoned == 0);
}

TEST_CASE("http: \"::\" serves IPv4, too, and \"0.0.0.0\" beside it does no harm") {
  for (const bool ipv4_first : {false, true}) {
    CAPTURE(ipv4_first);
    HttpFixture server([](const Exchange& exchange) { exchange->respond(200, {}, as_bytes(exchange->request().address)); });
    const auto listen = [&](const char* host, std::uint16_t port) {
      return server.thread.ask([&, host, port] { return server.server->listen(host, port); });
    };
    std::string problem = listen(ipv4_first ? "0.0.0.0" : "::", 0);
    const auto port = server.thread.ask([&] { return server.server->port(); });
    if (problem.empty()) {
      problem = listen(ipv4_first ? "::" : "0.0.0.0", port);
    }
    if (problem.find("cannot listen on ::") != std::string::npos) {
      MESSAGE("no IPv6 here");
      return;
    }
    REQUIRE(problem == "");
    Client ipv4(port);
    ipv4.send(get("/"));
    CHECK(ipv4.response().body == (ipv4_first ? "127.0.0.1" : "::ffff:127.0.0.1"));
    Client ipv6(port, "::1");
    ipv6.send(get("/"));
    CHECK(ipv6.response().body == "::1");
  }
}

TEST_CASE("http: listening on both loopbacks, with one port; on a port in use it says so") {
  HttpFixture server([](const Exchange& exchange) { exchange->respond(200, {}, as_bytes(exchange->request().address)); });
  const std::string error = server.thread.ask([&] { return server.server->listen("::1", server.port()); });
  if (error.empty()) {
    Client client(server.port(), "::1");
    client.send(get("/"));
    CHECK(client.response().body == "::1");
  } else {
    CHECK(error == "::1 is not an address of this machine");
  }
  CHECK(server.thread.ask([&] { return server.server->listen("127.0.0.1", server.port()); }) ==
        "port " + std::to_string(server.port()) + " is in use");
  CHECK(server.thread.ask([&] { return server.server->listen("example.org", 0); }) ==
        "example.org is not an address in numbers, such as 127.0.0.1 or ::1");
}

}  // namespace http_life_test
