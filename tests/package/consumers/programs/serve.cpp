// Listens on a free port of this machine, says which, and closes.
#include <chrono>
#include <iostream>
#include <string>

#include <socketio/server.hpp>

int main() {
  socketio::Loop loop;
  socketio::Server io(loop);
  io.on_connection([](socketio::Socket socket) {
    socket.on("say", [socket](const std::string& text) { socket.broadcast().emit("say", text); });
  });
  if (const socketio::Status listening = io.listen("127.0.0.1", 0); !listening) {
    std::cerr << listening.reason() << '\n';
    return 1;
  }
  std::cout << "listening " << io.port() << '\n';
  io.close(std::chrono::seconds(1), [&loop] { loop.stop(); });
  loop.run();
}
