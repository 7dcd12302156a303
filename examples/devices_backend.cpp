// Asks and signs out the devices of a user, from a program that is no server: see devices.cpp.
//
//   devices_backend count|ping|sign-out USER --redis URL
//
// Exit status: 0 done, 1 wrong usage, 2 the fleet was not reached, 5 a device did not answer.
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>

#include <socketio/asker.hpp>
#include <socketio/emitter.hpp>

using namespace std::chrono_literals;

namespace {

int not_reached(const std::string& why) {
  std::cerr << why << '\n';
  return 2;
}

int count(const std::string& redis, const socketio::Target& devices) {
  socketio::Asker fleet(redis, {.transport = socketio::Transport::automatic});
  const socketio::asking::Count counted = fleet.count(devices);
  if (!counted.complete) {
    return not_reached(counted.error.empty() ? "Not all servers answered." : counted.error);
  }
  std::cout << counted.count << '\n';
  return 0;
}

int ping(const std::string& redis, const socketio::Target& devices) {
  socketio::Asker fleet(redis, {.transport = socketio::Transport::automatic});
  const socketio::asking::Acks acks =
      fleet.emit_with_ack(devices, socketio::asking::Event("ping"), {.timeout = 3s},
                          [](const socketio::Value& answer) { std::cout << answer.json() << std::endl; });
  if (!acks.asked) {
    return not_reached(acks.error);
  }
  if (!acks.complete) {
    std::cerr << acks.clients_missing() << " of " << acks.clients << " devices and " << acks.servers_missing()
              << " servers did not answer.\n";
    return 5;
  }
  return 0;
}

int sign_out(const std::string& redis, const std::string& room) {
  socketio::EmitterOptions options;
  options.transport = socketio::Transport::automatic;
  socketio::Emitter io(redis, options);
  io.to(room).emit("signed out", "everywhere");
  io.in(room).disconnect_sockets(true);
  const socketio::EmitSummary summary = io.flush(5s);
  return summary.ok() ? 0 : not_reached(summary.message);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 || argv[3] != std::string_view("--redis")) {
    std::cerr << "usage: devices_backend count|ping|sign-out USER --redis redis://127.0.0.1:6379\n";
    return 1;
  }
  const std::string_view command = argv[1];
  const std::string room = "user:" + std::string(argv[2]);
  const socketio::Target devices{.rooms = {room}};
  try {
    if (command == "count") {
      return count(argv[4], devices);
    }
    if (command == "ping") {
      return ping(argv[4], devices);
    }
    if (command == "sign-out") {
      return sign_out(argv[4], room);
    }
    std::cerr << command << " is no command: use count, ping or sign-out.\n";
  } catch (const socketio::Error& error) {  // a URL that is none
    std::cerr << error.what() << '\n';
  }
  return 1;
}
