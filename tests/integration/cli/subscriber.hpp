#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace support {

/// Receives everything on a Redis, and is counted as a classic server in the namespace "/". Comes back by itself when the Redis
/// does. Shares no code with the library.
class Subscriber {
 public:
  /// Returns when the subscription holds. `user` and `password` may be empty.
  explicit Subscriber(std::uint16_t port, std::string user = {}, std::string password = {});
  /// Only one channel instead of all: `command` is SUBSCRIBE or SSUBSCRIBE.
  struct Channel {
    std::string command;
    std::string name;
  };
  Subscriber(std::uint16_t port, const Channel& channel);
  ~Subscriber();
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  /// Reads nothing for a while, as a server that is busy.
  void pause(bool paused) { paused_ = paused; }

  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] std::vector<std::string> payloads() const;
  [[nodiscard]] std::vector<std::string> channels() const;
  /// Waits until so many messages have come.
  [[nodiscard]] bool has(std::size_t messages) const;

  /// The numbers in "<n>" marks of all messages, in their order.
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
