#pragma once

#include <string>

#include <socketio/net/loop.hpp>

namespace support {

/// A Socket.IO client by long polling. It sends packets exactly as a test needs them, several in one request, which ordinary
/// clients do not do. Runs the server's loop while it waits. Throws std::runtime_error when the server does not respond.
class PollingClient {
 public:
  PollingClient(socketio::Loop& loop, std::uint16_t port);
  ~PollingClient();
  PollingClient(const PollingClient&) = delete;
  PollingClient& operator=(const PollingClient&) = delete;

  /// Sends packets, each with its Engine.IO type ("40/admin,"), separated by the character 0x1e.
  void send(const std::string& packets);
  /// Packets received since the last call, at least one.
  [[nodiscard]] std::string receive();

 private:
  std::string ask(const std::string& head, const std::string& body);

  socketio::Loop& loop_;
  int descriptor_ = -1;
  std::string path_ = "/socket.io/?EIO=4&transport=polling";
};

}  // namespace support
