#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace support {

/// Receives all messages of a Redis, and is counted as a classic server in the namespace "/". Reconnects by itself when the
/// Redis is back. Shares no code with the library.
class Subscriber {
 public:
  /// Returns when the subscription is confirmed. `user` and `password` may be empty.
  explicit Subscriber(std::uint16_t port, std::string user = {}, std::string password = {});
  /// A single channel instead of all: `command` is SUBSCRIBE or SSUBSCRIBE.
  struct Channel {
    std::string command;
    std::string name;
  };
  Subscriber(std::uint16_t port, const Channel& channel);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  /// Stops or continues reading; a paused subscriber is like a busy server.
  void pause(bool paused) { paused_ = paused; }

  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::vector<std::string> payloads() const;
  [[nodiscard]] std::vector<std::string> channels() const;
  /// Waits until at least this many messages have been received.
  [[nodiscard]] bool has(std::size_t messages) const;

  /// The numbers in "<n>" marks of all messages, in the order of the messages.
  [[nodiscard]] std::vector<int> numbers() const;

 private:
  Subscriber(std::uint16_t port, std::string user, std::string password, std::string subscription);
  void run();
  bool serve(int fd);

  const std::uint16_t port_;
  const std::string user_;
  const std::string password_;
  const std::string subscription_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> ready_{false};
  std::atomic<bool> paused_{false};
  mutable std::mutex lock_;
  std::vector<std::string> channels_;
  std::vector<std::string> payloads_;
  std::thread thread_;
};

}  // namespace support
