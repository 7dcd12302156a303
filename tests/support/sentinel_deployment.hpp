#pragma once

#include <memory>
#include <string>
#include <vector>

#include <support/redis_server.hpp>

namespace support {

/// A master, its replica, and three sentinels that watch them under the name "orders".
class SentinelDeployment {
 public:
  struct Settings {
    std::string password = {};           ///< of both servers
    std::string sentinel_password = {};  ///< of the sentinels
    /// Options of redis-server for TLS with a certificate.
    std::vector<std::string> tls = {};
  };

  SentinelDeployment() : SentinelDeployment(Settings()) {}
  explicit SentinelDeployment(const Settings& settings)
      : listen_(settings.tls.empty() ? RedisServer::Listen::plain : RedisServer::Listen::tls),
        scheme_(settings.tls.empty() ? "redis" : "rediss"),
        first(server_arguments(settings, ""), listen_),
        second(server_arguments(settings, "127.0.0.1 " + std::to_string(first.port())), listen_) {
    const std::string lines = "sentinel monitor orders 127.0.0.1 " + std::to_string(first.port()) +
                              " 2\nsentinel down-after-milliseconds orders 1000\nsentinel failover-timeout orders 3000" +
                              (settings.password.empty() ? "" : "\nsentinel auth-pass orders " + settings.password);
    // Waits for the replica: a sentinel finds replicas when it queries the master, at the start and then rarely.
    while (first.ask({"INFO", "replication"}).find("state=online") == std::string::npos) {
    }
    for (int count = 0; count < 3; ++count) {
      std::vector<std::string> arguments = with_tls(settings, {});
      if (!settings.sentinel_password.empty()) {
        arguments.insert(arguments.end(), {"--requirepass", settings.sentinel_password});
      }
      sentinels.push_back(std::make_unique<RedisServer>(RedisServer::SentinelLines{lines}, arguments, listen_));
    }
  }

  /// True if the sentinels know each other and both servers.
  [[nodiscard]] bool is_complete() const {
    for (const auto& sentinel : sentinels) {
      if (sentinel->ask({"INFO", "sentinel"}).find("slaves=1,sentinels=3") == std::string::npos) {
        return false;
      }
    }
    return sentinels.front()->ask({"SENTINEL", "CKQUORUM", "orders"}).starts_with("+OK");
  }

  [[nodiscard]] std::string url() const {
    std::string hosts;
    for (const auto& sentinel : sentinels) {
      hosts += (hosts.empty() ? "" : ",") + ("127.0.0.1:" + std::to_string(sentinel->port()));
    }
    return scheme_ + "+sentinel://" + hosts + "/orders";
  }

  static bool is_master(const RedisServer& server) {
    return server.ask({"INFO", "replication"}).find("role:master") != std::string::npos;
  }

 private:
  RedisServer::Listen listen_;
  std::string scheme_;

  static std::vector<std::string> with_tls(const Settings& settings, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), settings.tls.begin(), settings.tls.end());
    if (!settings.tls.empty()) {
      arguments.insert(arguments.end(), {"--tls-replication", "yes"});
    }
    return arguments;
  }
  static std::vector<std::string> server_arguments(const Settings& settings, const std::string& master) {
    std::vector<std::string> arguments = {"--repl-diskless-sync-delay", "0"};
    if (!settings.password.empty()) {
      arguments.insert(arguments.end(), {"--requirepass", settings.password, "--masterauth", settings.password});
    }
    if (!master.empty()) {
      arguments.insert(arguments.end(), {"--replicaof", master});
    }
    return with_tls(settings, std::move(arguments));
  }

 public:
  RedisServer first;   ///< the master at the start
  RedisServer second;  ///< its replica
  std::vector<std::unique_ptr<RedisServer>> sentinels;
};

}  // namespace support
