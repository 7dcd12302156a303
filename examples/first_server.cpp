// The smallest server: it sends each message of a client to all other clients in the lobby.
#include <iostream>
#include <string>

#include <socketio/server.hpp>

int main() {
  socketio::Loop loop;
  socketio::Server io(loop);
  io.on_connection([](socketio::Socket socket) {
    socket.join("lobby");
    socket.on("say", [socket](const std::string& text) { socket.to("lobby").emit("say", text); });
  });
  if (const socketio::Status listening = io.listen("127.0.0.1", 3000); !listening) {
    std::cerr << listening.reason() << std::endl;
    return 1;
  }
  std::cout << "Listening on http://127.0.0.1:3000" << std::endl;
  loop.run();
}
