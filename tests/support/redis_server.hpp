#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace support {

/// A redis-server of one test, on a free loopback port and a unix socket in its own folder, which keeps no files. Throws
/// std::runtime_error when there is no redis-server, or it does not start.
class RedisServer {
 public:
  enum class Listen { plain, tls };  ///< on port(); the unix socket is always plain

  /// `arguments` are added to the command line: {"--requirepass", "secret"}.
  explicit RedisServer(std::vector<std::string> arguments = {}, Listen listen = Listen::plain);

  /// The lines of a sentinel's configuration: "sentinel monitor orders 127.0.0.1 6379 2".
  struct SentinelLines {
    std::string text;
  };
  /// Starts the same program as a sentinel.
  explicit RedisServer(const SentinelLines& sentinel, std::vector<std::string> arguments = {}, Listen listen = Listen::plain);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string unix_url() const { return "unix://" + folder_ + "/redis.sock"; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// Sends SIGKILL, as if the machine had failed.
  void kill();
  /// Starts again after kill(), on the same port.
  void start();

  /// Sends one command over a new connection (authenticated, when the arguments have --requirepass) and waits for the reply: a
  /// status, error, number or text, or the first line of anything else. Shares no code with the library, to check it.
  [[nodiscard]] std::string ask(const std::vector<std::string>& words) const;

 private:
  void choose_port_and_launch();
  bool launch();

  std::vector<std::string> arguments_;
  Listen listen_;
  std::string folder_;
  bool is_sentinel_ = false;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace support
