#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fake {

/// One connection as the server sees it. Every operation ends when the other side closes, when the test ends, or after ten
/// seconds.
class Connection {
 public:
  Connection(int descriptor, int stop_descriptor) : descriptor_(descriptor), stop_descriptor_(stop_descriptor) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Reads one command; its words, or none when the connection ended.
  std::vector<std::string> command();
  /// Reads `count` bytes, or fewer when the connection ended. None of what command() has read.
  std::string read(std::size_t count);
  void send(std::string_view bytes);
  /// The same, each byte in a packet of its own.
  void send_slowly(std::string_view bytes);
  /// Waits until the other side closes (or the test ends). Returns the system's error number: 0 when it closed in order.
  int wait_for_end();
  void close();

 private:
  bool fill();
  bool wait(short events);
  std::string line();

  int descriptor_;
  int stop_descriptor_;
  int error_ = 0;
  std::string buffer_;
};

/// A server that does what a test says, connection by connection, on a thread of its own.
class Redis {
 public:
  /// `script` gets the number of the connection, from 0 on. What it returns from is closed.
  using Script = std::function<void(Connection&, int)>;
  explicit Redis(Script script);
  ~Redis();
  Redis(const Redis&) = delete;
  Redis& operator=(const Redis&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int connection_count() const noexcept { return connection_count_; }

 private:
  void serve();

  Script script_;
  std::uint16_t port_ = 0;
  int listener_;
  int stop_descriptor_;
  std::atomic<int> connection_count_ = 0;
  std::thread thread_;
};

/// A loopback port where nothing listens.
std::uint16_t free_port();

}  // namespace fake
