// Thousands of WebSocket clients of Socket.IO servers in one thread: they connect, join rooms, answer pings and count what they
// get.
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
  /// A message with this id has arrived at one of the clients, whole.
  using OnMessage = std::function<void(std::uint64_t id)>;

  /// The clients take turns with the ports, and with `namespaces` > 0 with the namespaces /n0, /n1, ... too. `raw` servers send
  /// packets without a handshake of Socket.IO.
  Clients(std::vector<std::uint16_t> ports, std::size_t namespaces, bool raw, OnMessage on_message);

  /// Opens that many connections and returns when all are clients of their namespace. Fails after a minute.
  void connect(std::size_t count);

  /// Client i emits `join` for the room "r<i>" and then for "all".
  void join();

  /// Handles what arrives, for at most that long. Returns whether a descriptor given to watch() can be read.
  bool poll(int timeout_ms);

  /// One more descriptor to wait for in poll().
  void watch(int fd);

  std::size_t size() const { return clients_.size(); }

  /// Namespace of client i.
  std::string namespace_of(std::size_t index) const;

 private:
  static constexpr std::size_t prefix_bytes = 48;  // as much of a message as tells its kind and its id
  struct Client {
    int fd = -1;
    bool upgraded = false;
    std::string head;              // start of a frame, or of the answer to the upgrade, that has not come whole
    std::uint64_t skip_bytes = 0;  // rest of the message that is under way
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
