// Thousands of WebSocket clients of Socket.IO servers in one thread: they connect, join rooms, respond to pings and count
// received messages.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

class Clients {
 public:
  /// Called when one of the clients has received the whole message with this id.
  using OnMessage = std::function<void(std::uint64_t id)>;

  /// Distributes the clients over the ports in turn, and with `namespaces` > 0 also over the namespaces /n0, /n1, ... `raw`
  /// servers send packets without a Socket.IO handshake.
  Clients(std::vector<std::uint16_t> ports, std::size_t namespaces, bool raw, OnMessage on_message);

  /// Opens `count` connections and returns when all have joined their namespace. Fails after a minute.
  void connect(std::size_t count);

  /// Client i emits `join` for the room "r<i>" and then for "all".
  void join();

  /// Handles received bytes for at most `timeout_ms`. Returns whether a descriptor given to watch() can be read.
  bool poll(int timeout_ms);

  /// Adds a descriptor that poll() waits for.
  void watch(int fd);

  std::size_t size() const { return clients_.size(); }

  /// Namespace of client i.
  std::string namespace_of(std::size_t index) const;

 private:
  static constexpr std::size_t prefix_bytes = 48;  // enough of a message to find its kind and its id
  struct Client {
    int fd = -1;
    bool upgraded = false;
    std::string head;              // incomplete start of a frame, or of the response to the upgrade
    std::uint64_t skip_bytes = 0;  // remaining bytes of the current message
    std::uint64_t id = 0;          // its id, when it is an event
    bool event = false;
  };

  void open(std::size_t index);
  void read(std::size_t index);
  void feed(std::size_t index, std::string_view bytes);
  bool take_frame(std::size_t index, std::string_view& bytes);
  void on_packet(std::size_t index, std::string_view start);
  void send(std::size_t index, std::string_view packet);

  std::vector<std::uint16_t> ports_;
  std::size_t namespaces_;
  bool raw_;
  OnMessage on_message_;
  std::vector<Client> clients_;
  std::size_t connected_ = 0;
  int epoll_;
  std::vector<char> buffer_;
};

}  // namespace bench
