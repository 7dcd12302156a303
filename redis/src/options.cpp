#include <socketio/redis/options.hpp>

namespace socketio::redis {

std::string describe(const Options& options) {
  const std::string database = std::to_string(options.database);
  if (!options.unix_path.empty()) {
    return "unix://" + options.unix_path + (options.database == 0 ? "" : "?db=" + database);
  }
  const bool is_ipv6 = options.host.find(':') != std::string::npos;
  std::string text = "redis://" + (is_ipv6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port);
  return options.database == 0 ? text : text + "/" + database;
}

}  // namespace socketio::redis
