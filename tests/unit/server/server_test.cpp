// The server as a whole: its end, and what the application throws.

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <socketio/server.hpp>

#include "http_fixture.hpp"

namespace server_test {

using namespace std::chrono_literals;
using http_test::Client;
using http_test::get;
using http_test::LoopThread;
using http_test::Response;
using socketio::Server;
using socketio::ServerOptions;

TEST_CASE("server: a loop with nothing else ends as soon as the server has, and everybody who closed it is told") {
  socketio::Loop loop;
  Server io(loop);
  REQUIRE(io.listen("127.0.0.1", 0).empty());
  int told = 0;
  io.close(1h, [&told] { ++told; });
  io.close(1h, nullptr);
  io.close(1h, [&told] { ++told; });
  loop.run();
  CHECK(told == 2);
}

TEST_CASE("server: what allow_request throws refuses the session, and is told") {
  LoopThread thread;
  std::unique_ptr<Server> io;
  std::string problem;
  const auto port = thread.ask([&] {
    ServerOptions options;
    options.engine.allow_request = [](std::string_view, std::string_view, std::string&) -> bool {
      throw std::runtime_error("the database is away");
    };
    options.on_problem = [&problem](const socketio::Problem& what) {
      problem.append(what.event).append(": ").append(what.message);
    };
    io = std::make_unique<Server>(thread.loop(), std::move(options));
    CHECK(io->listen("127.0.0.1", 0).empty());
    return io->port();
  });
  Client client(port);
  client.send(get("/socket.io/?EIO=4&transport=polling"));
  const Response response = client.response();
  CHECK(response.status == 403);
  CHECK(response.body == R"({"code":4,"message":"Forbidden"})");
  thread.run([&] {
    CHECK(problem == "allow_request: the database is away");
    CHECK(io->counters().handlers_threw == 1);
    io.reset();
  });
}

}  // namespace server_test
