// The devices of a user: whatever happens on one appears on the others, whichever server of the fleet they are connected to.
//
//   devices [--port 3000] [--redis URL] [--adapter classic|sharded|streams]
//
// A client connects with auth {user, device}.
//
//   send user, text, id    every device of both users gets  message id, text
//   read id                the other devices of this user get  read id
//   devices                acknowledged with the names of this user's devices, one for each connection
//   sign out others        disconnects this user's other devices; acknowledged with null
//
// devices_backend.cpp does the same from a program that is no server.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <socketio/adapter/classic.hpp>
#include <socketio/adapter/redis_bus.hpp>
#include <socketio/adapter/sharded.hpp>
#include <socketio/adapter/streams.hpp>
#include <socketio/server.hpp>

using namespace socketio;

namespace {

struct Device {
  std::string user;
  std::string device;
  MSGPACK_DEFINE_MAP(user, device)
};

/// The room that all devices of a user are in. The prefix keeps users apart from sockets, whose ids are rooms, too.
std::string room_of(const std::string& user) { return "user:" + user; }

/// A middleware. Who the user is must be proved in a real application: see docs/serving.md, "The handshake, and middlewares".
void admit(const Socket& socket, const Next& next) {
  const Handshake handshake = socket.handshake();
  const auto device = handshake.auth().as<Device>();
  if (!device || device->user.empty() || device->device.empty()) {
    next(Refusal("user and device are needed"));
  } else {
    socket.set_data(*device);  // fetch_sockets() shows it on every server
    next();
  }
}

void welcome(const Server& io, const Socket& socket) {
  const Device me = socket.data().as<Device>().value_or(Device{});
  const std::string mine = room_of(me.user);
  socket.join(mine);

  socket.on("send", [&io, mine](const std::string& user, const std::string& text, Value id) {
    io.to({mine, room_of(user)}).emit("message", id, text);  // a socket that is in both rooms gets it once
  });
  socket.on("read", [socket, mine](Value id) { socket.to(mine).emit("read", id); });
  socket.on("devices", [&io, mine](Ack ack) {
    io.in(mine).fetch_sockets([ack](const FetchedSocketList& sockets) {
      std::vector<std::string> names;
      for (const RemoteSocket& each : sockets) {
        names.push_back(each.data().as<Device>().value_or(Device{}).device);
      }
      std::sort(names.begin(), names.end());
      ack(names);
    });
  });
  socket.on("sign out others", [&io, socket, mine](Ack ack) {
    io.in(mine).except(socket.id()).disconnect_sockets(true);
    ack(nullptr);
  });
}

adapter::AdapterFactory adapter_named(const std::string& name, const std::shared_ptr<RedisBus>& bus) {
  if (name == "classic") {
    return classic_adapter(bus);
  }
  if (name == "sharded") {
    return sharded_adapter(bus);
  }
  if (name == "streams") {
    return streams_adapter(bus);
  }
  throw std::runtime_error("--adapter takes classic, sharded or streams.");
}

int serve(std::uint16_t port, const std::string& redis, const std::string& adapter) {
  Loop loop;
  ServerOptions options;
  options.on_problem = [](const Problem& problem) { std::cerr << problem.event << ": " << problem.message << '\n'; };
  std::shared_ptr<RedisBus> bus;
  if (!redis.empty()) {
    bus = std::make_shared<RedisBus>(loop, redis);
    options.adapter = adapter_named(adapter, bus);
  }
  Server io(loop, options);
  io.use([](Socket socket, Next next) { admit(socket, next); });
  io.on_connection([&io](Socket socket) { welcome(io, socket); });

  int status = 0;
  const auto start = [&](bool ready, std::string_view why) {
    const socketio::Status listening = ready ? io.listen("127.0.0.1", port) : socketio::Status(std::string(why));
    if (listening) {
      std::cout << "The devices' server is listening on " << io.port() << std::endl;
    } else {
      std::cerr << listening.reason() << '\n';
      status = 1;
      loop.stop();
    }
  };
  if (bus) {
    bus->when_ready(std::chrono::seconds(10), start);  // no message of the fleet is missed from then on
  } else {
    start(true, "");
  }
  for (const int signal : {SIGINT, SIGTERM}) {
    loop.on_signal(signal, [&] { io.close(std::chrono::seconds(1), [&loop] { loop.stop(); }); });
  }
  if (status == 0) {
    loop.run();
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> settings{{"--port", "3000"}, {"--redis", ""}, {"--adapter", "classic"}};
  for (int index = 1; index < argc; index += 2) {
    const auto setting = settings.find(argv[index]);
    if (setting == settings.end() || index + 1 == argc) {
      std::cerr << "usage: devices [--port 3000] [--redis redis://127.0.0.1:6379] [--adapter classic|sharded|streams]\n";
      return 1;
    }
    setting->second = argv[index + 1];
  }
  std::uint16_t port = 0;
  const std::string& text = settings["--port"];
  if (std::from_chars(text.data(), text.data() + text.size(), port).ec != std::errc()) {
    std::cerr << "--port takes a number from 0 to 65535.\n";
    return 1;
  }
  try {
    return serve(port, settings["--redis"], settings["--adapter"]);
  } catch (const std::exception& error) {  // a URL that is none, an adapter that does not exist
    std::cerr << error.what() << '\n';
    return 1;
  }
}
