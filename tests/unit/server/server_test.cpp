// The server as a whole: its end, and what the application throws.

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <socketio/server.hpp>

#include "accepted_options.hpp"
#include "http_fixture.hpp"

namespace server_test {

using namespace std::chrono_literals;
using accepted_options::accepts;
using http_test::Client;
using http_test::get;
using http_test::LoopThread;
using http_test::Response;
using socketio::Server;
using socketio::ServerOptions;

TEST_CASE("server: a loop with nothing else ends as soon as the server has, and everybody who closed it is told") {
  socketio::Loop loop;
  Server io(loop);
  REQUIRE(io.listen("127.0.0.1", 0).ok());
  int told = 0;
  io.close(1h, [&told] { ++told; });
  io.close(1h, nullptr);
  io.close(1h, [&told] { ++told; });
  loop.run();
  CHECK(told == 2);
}

TEST_CASE("server: durations that no client or connection could live with are refused") {
  CHECK_FALSE(accepts([](ServerOptions& options) { options.http.header_timeout = 0ms; }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.engine.ping_timeout = -1ms; }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.engine.ping_interval = std::chrono::milliseconds::max(); }));
  CHECK_FALSE(accepts([](ServerOptions& options) { options.engine.ping_timeout = std::chrono::milliseconds::max(); }));
  CHECK_FALSE(accepts([](ServerOptions& options) {  // setTimeout() ends at once for 2^31 ms
    options.engine.ping_interval = std::chrono::milliseconds(0x40000000);
    options.engine.ping_timeout = std::chrono::milliseconds(0x40000000);
  }));
  CHECK(accepts([](ServerOptions& options) {
    options.engine.ping_interval = std::chrono::milliseconds(0x40000000);
    options.engine.ping_timeout = std::chrono::milliseconds(0x3fffffff);
  }));
}

TEST_CASE("server: what allow_request throws refuses the session, and is told") {
  LoopThread thread;
  std::unique_ptr<Server> io;
  std::string problem;
  const auto port = thread.ask([&] {
    ServerOptions options;
    options.engine.allow_request = [](const socketio::HandshakeRequest&, const socketio::Decision&) {
      throw std::runtime_error("the database is away");
    };
    options.on_problem = [&problem](const socketio::Problem& what) {
      problem.append(what.event).append(": ").append(what.message);
    };
    io = std::make_unique<Server>(thread.loop(), std::move(options));
    CHECK(io->listen("127.0.0.1", 0).ok());
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

TEST_CASE("server: it listens again after it has been closed, on as many threads as before, and not while it is being closed") {
  for (const std::size_t threads : {1U, 3U}) {
    CAPTURE(threads);
    LoopThread thread;
    std::unique_ptr<Server> io;
    bool closed = false;
    thread.run([&] {
      ServerOptions options;
      options.threads = threads;
      io = std::make_unique<Server>(thread.loop(), std::move(options));
    });
    std::uint16_t port = 0;
    for (int round = 0; round < 3; ++round) {
      port = thread.ask([&] {
        CHECK(io->listen("127.0.0.1", port).reason() == "");
        return io->port();
      });
      for (int i = 0; i < 4; ++i) {
        Client client(port);
        client.send(get("/socket.io/?EIO=4&transport=polling", "Connection: close\r\n"));
        const Response response = client.response();
        CHECK(response.status == 200);
        CHECK(response.body.starts_with("0{"));
      }
      std::promise<void> done;
      thread.run([&] {
        closed = false;
        io->close(0ms, [&] {
          closed = true;
          done.set_value();
        });
        CHECK((closed || io->listen("127.0.0.1", port).reason() == "the server is being closed"));
      });
      REQUIRE(done.get_future().wait_for(10s) == std::future_status::ready);
      CHECK_FALSE(Client(port).connected());
    }
    thread.run([&] { io.reset(); });
  }
}

TEST_CASE("server: the client's script is served to other origins as Engine.IO is, and compressed") {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("socketio-client-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "socket.io.esm.min.js") << std::string(40'000, 'x');
  LoopThread thread;
  std::unique_ptr<Server> io;
  const auto port = thread.ask([&] {
    ServerOptions options;
    options.client_folder = folder;
    options.engine.cors.origins = {"https://one.example", "https://two.example"};
    options.engine.cors.credentials = true;
    io = std::make_unique<Server>(thread.loop(), std::move(options));
    CHECK(io->listen("127.0.0.1", 0).ok());
    return io->port();
  });
  Client client(port);
  client.send(get("/socket.io/socket.io.esm.min.js", "Origin: https://two.example\r\nAccept-Encoding: gzip\r\n"));
  const Response script = client.response();
  CHECK(script.status == 200);
  CHECK(script.has("Access-Control-Allow-Origin: https://two.example"));
  CHECK(script.has("Access-Control-Allow-Credentials: true"));
  CHECK(script.has("Vary: Origin"));
  CHECK(script.has("Content-Encoding: gzip"));
  CHECK(script.body.size() < 1'000);
  client.send(get("/socket.io/socket.io.esm.min.js", "Origin: https://three.example\r\n"));
  CHECK(client.response().head.find("Allow-Origin") == std::string::npos);
  client.send("OPTIONS /socket.io/socket.io.esm.min.js HTTP/1.1\r\nHost: x\r\nOrigin: https://one.example\r\n\r\n");
  const Response preflight = client.response();
  CHECK(preflight.status == 204);
  CHECK(preflight.has("Access-Control-Allow-Origin: https://one.example"));
  thread.run([&] { io.reset(); });
  std::filesystem::remove_all(folder);
}

TEST_CASE("server: a message above the limit is told to on_problem, over both transports") {
  LoopThread thread;
  std::unique_ptr<Server> io;
  std::vector<std::string> problems;
  const auto port = thread.ask([&] {
    ServerOptions options;
    options.engine.max_http_buffer_size = 100;
    options.on_problem = [&problems](const socketio::Problem& what) { problems.emplace_back(what.message); };
    io = std::make_unique<Server>(thread.loop(), std::move(options));
    CHECK(io->listen("127.0.0.1", 0).ok());
    return io->port();
  });
  Client client(port);
  client.send(get("/socket.io/?EIO=4&transport=polling"));
  const std::string opening = client.response().body;
  const std::string sid = opening.substr(opening.find("sid") + 6, 20);
  client.send("POST /socket.io/?EIO=4&transport=polling&sid=" + sid + " HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n4" +
              std::string(100, 'x'));
  CHECK(client.response().status == 413);
  Client websocket(port);
  websocket.send(
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\xfe\x10");
  websocket.send(std::string("\x00", 1) + "abcd");
  websocket.read_to_end();
  const std::string message = "A client sent more at once than engine.max_http_buffer_size (100 bytes).";
  thread.run([&] {
    CHECK(problems == std::vector<std::string>{message, message});
    CHECK(io->counters().engine.messages_too_large == 2);
    io.reset();
  });
}

TEST_CASE("server: a POST that is too slow gets 408, and its session ends") {
  LoopThread thread;
  std::unique_ptr<Server> io;
  const auto port = thread.ask([&] {
    ServerOptions options;
    options.http.body_timeout = std::chrono::milliseconds(50);
    io = std::make_unique<Server>(thread.loop(), std::move(options));
    CHECK(io->listen("127.0.0.1", 0).ok());
    return io->port();
  });
  Client client(port);
  client.send(get("/socket.io/?EIO=4&transport=polling"));
  const std::string opening = client.response().body;
  const std::string sid = opening.substr(opening.find("sid") + 6, 20);
  client.send("POST /socket.io/?EIO=4&transport=polling&sid=" + sid + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4");
  CHECK(client.response().status == 408);
  CHECK(thread.ask([&] { return io->connection_count(); }) == 0);
  thread.run([&] { io.reset(); });
}

}  // namespace server_test
