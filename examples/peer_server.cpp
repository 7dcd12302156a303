// A server for benchmarks, like the JavaScript servers that `benchmarks/` starts: in "/" and in namespaces that start with
// "/n", a client's event `join` joins it to a room, and a server-side event `sse` is acknowledged with "pong". SIGTERM ends it.
//
//   peer_server --port 3000 [--redis redis://127.0.0.1:6379] [--adapter classic|sharded|streams] [--threads 1]
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include <socketio/adapter/classic.hpp>
#include <socketio/adapter/redis_bus.hpp>
#include <socketio/adapter/sharded.hpp>
#include <socketio/adapter/streams.hpp>
#include <socketio/server.hpp>

int main(int argc, char** argv) {
  std::uint16_t port = 3000;
  std::string redis;
  std::string adapter = "classic";
  std::size_t threads = 1;
  for (int index = 1; index + 1 < argc; index += 2) {
    const std::string_view option = argv[index];
    if (option == "--port") {
      port = static_cast<std::uint16_t>(std::stoi(argv[index + 1]));
    } else if (option == "--redis") {
      redis = argv[index + 1];
    } else if (option == "--adapter") {
      adapter = argv[index + 1];
    } else if (option == "--threads") {
      threads = static_cast<std::size_t>(std::stoul(argv[index + 1]));
    } else {
      std::cerr << "usage: peer_server --port PORT [--redis URL] [--adapter classic|sharded|streams] [--threads N]\n";
      return 1;
    }
  }

  socketio::Loop loop;
  socketio::ServerOptions options;
  options.threads = threads;
  if (!redis.empty()) {
    const auto bus = std::make_shared<socketio::RedisBus>(loop, redis);
    if (adapter == "classic") {
      options.adapter = socketio::classic_adapter(bus);
    } else if (adapter == "sharded") {
      options.adapter = socketio::sharded_adapter(bus);
    } else if (adapter == "streams") {
      options.adapter = socketio::streams_adapter(bus);
    } else {
      std::cerr << "--adapter " << adapter << " does not exist. Use classic, sharded or streams.\n";
      return 1;
    }
  }
  socketio::Server io(loop, options);
  const auto on_connection = [](socketio::Socket socket) {
    socket.on("join", [socket](const std::string& room) { socket.join(room); });
  };
  io.on_connection(on_connection);
  io.of([](std::string_view name, const socketio::Value&) { return name.starts_with("/n"); }).on_connection(on_connection);
  io.on_server_side("sse", [](socketio::Ack ack) { ack("pong"); });
  if (const socketio::Status listening = io.listen("127.0.0.1", port); !listening) {
    std::cerr << listening.reason() << '\n';
    return 1;
  }
  loop.on_signal(SIGTERM, [&] { io.close(std::chrono::seconds(1), [&loop] { loop.stop(); }); });
  loop.run();
}
