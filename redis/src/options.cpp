#include <socketio/redis/options.hpp>

namespace socketio::redis {

std::string describe(const Endpoint& endpoint) {
  const bool is_ipv6 = endpoint.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

std::string describe(const Options& options) {
  const std::string database = std::to_string(options.database);
  if (options.topology == Topology::standalone && !options.unix_path.empty()) {
    return "unix://" + options.unix_path + (options.database == 0 ? "" : "?db=" + database);
  }
  std::string text = options.tls ? "rediss" : "redis";
  switch (options.topology) {
    case Topology::standalone: text += "://" + describe(Endpoint{options.host, options.port}); break;
    case Topology::sentinel: text += "+sentinel://"; break;
    case Topology::cluster: text += "+cluster://"; break;
  }
  if (options.topology != Topology::standalone) {
    for (const Endpoint& endpoint : options.endpoints) {
      text += (&endpoint == &options.endpoints.front() ? "" : ",") + describe(endpoint);
    }
  }
  if (options.topology == Topology::sentinel) {
    text += "/" + options.master_name;
  }
  return options.database == 0 ? text : text + "/" + database;
}

}  // namespace socketio::redis
