#include "explain.hpp"

#include "text.hpp"

namespace socketio::cli::explain {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string user_of(const Options& options) { return options.redis.username.empty() ? "default" : options.redis.username; }

constexpr std::string_view password_hint =
    "Give user and password with --user and --password-file, in SOCKETIO_REDIS_PASSWORD, or in the URL.";

constexpr std::string_view sentinel_password_hint =
    "Give the user and password of the sentinels with --sentinel-user and --sentinel-password-file, or in "
    "SOCKETIO_SENTINEL_PASSWORD.";

std::string uppercase(std::string text) {
  for (char& letter : text) {
    letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
  }
  return text;
}

std::string missing_permission(std::string_view error, const Options& options, Op op, std::string_view channel) {
  const std::string user = user_of(options);
  std::string what;
  std::string rule;
  if (contains(error, "command")) {
    const std::size_t quote = error.find('\'');
    const std::string name(quote == std::string_view::npos ? "publish"
                                                           : error.substr(quote + 1, error.find('\'', quote + 1) - quote - 1));
    what = "to run " + uppercase(name);
    rule = "+" + name;
  } else if (contains(error, "key")) {
    what = "to add to the stream \"" + text::excerpt(options.stream_name) + "\"";
    rule = text::shell_quoted("~" + options.stream_name + (options.stream_count > 1 ? "-*" : ""));
  } else {
    const bool is_request = op != Op::emit && options.uses(Transport::classic);
    const std::string pattern = options.key + (is_request ? "-request#" : "#");
    what = channel.empty() ? "to publish to the channels " + pattern + "*"
                           : "to publish to the channel " + text::excerpt(channel, 200);
    rule = text::shell_quoted("&" + pattern + "*");
  }
  return "Redis does not allow the user \"" + text::excerpt(user) + "\" " + what + ". Grant it with: ACL SETUSER " +
         text::excerpt(user) + " " + rule;
}

}  // namespace

std::string no_connection(const std::string& error, const Options& options) {
  for (const std::string_view sign : {"WRONGPASS", "NOAUTH", "ERR AUTH", "ERR Client sent AUTH", "password"}) {
    if (contains(error, sign)) {
      return error + " " + std::string(contains(error, "Sentinel at ") ? sentinel_password_hint : password_hint);
    }
  }
  if (contains(error, "knows no master")) {
    return error + " The name stands behind the sentinels in the URL; SENTINEL MASTERS shows the names that they know.";
  }
  if (contains(error, "refused database")) {
    return error + " Choose another one at the end of the URL.";
  }
  // These errors already say what to do, and Redis is reachable.
  for (const std::string_view sign : {"certificate", "speaks TLS", "speak TLS", "TLS"}) {
    if (contains(error, sign)) {
      return error;
    }
  }
  if (options.redis.topology == redis::Topology::sentinel) {
    return error + " Look whether the sentinels run and see a master, or name other ones with --redis URL.";
  }
  const std::string where = contains(error, redis::describe(options.redis)) ? "" : " (" + redis::describe(options.redis) + ")";
  if (contains(error, "nothing listens there") || contains(error, "no such socket")) {
    return error + where + " Start Redis there, or name another one with --redis URL.";
  }
  for (const std::string_view sign : {"cannot be found", "cannot be reached", "did not accept", "did not answer"}) {
    if (contains(error, sign)) {
      return error + where + " Look whether Redis runs there, or name another one with --redis URL.";
    }
  }
  return error + where;
}

std::string one_cluster_node(const Options& options) {
  const redis::Options& redis = options.redis;
  const std::string nodes = redis.unix_path.empty()
                                ? (redis.tls ? "rediss" : "redis") + std::string("+cluster://") +
                                      (contains(redis.host, ":") ? "[" + redis.host + "]" : redis.host) + ":" +
                                      std::to_string(redis.port)
                                : "redis+cluster://HOST:PORT";
  return "This Redis is a node of a Redis Cluster, and knows only its own subscribers and keys: use --redis " + nodes + ".";
}

std::string refusal(std::string_view error, const Options& options, Op op, std::string_view channel) {
  if (error.starts_with("NOPERM")) {
    return missing_permission(error, options, op, channel);
  }
  if (error.starts_with("NOAUTH")) {
    return "Redis at " + redis::describe(options.redis) + " asks for a password. " + std::string(password_hint);
  }
  return "Redis refused it: " + text::excerpt(error, 300);
}

std::string not_asked(const std::string& error, const Options& options) {
  if (contains(error, "would end")) {
    return error;
  }
  if (!contains(error, "NOPERM")) {
    return no_connection(error, options);
  }
  const std::string user = text::excerpt(user_of(options));
  const bool classic = options.uses(Transport::classic);
  const std::string commands = options.uses(Transport::sharded) ? "+spublish +ssubscribe" : "+publish +subscribe";
  const std::string channels = classic ? text::shell_quoted("&" + options.key + "-request#*") + " " +
                                             text::shell_quoted("&" + options.key + "-response#*")
                                       : text::shell_quoted("&" + options.key + "#*");
  return text::excerpt(error, 300) + "\nAsking needs more than emitting. Grant it with: ACL SETUSER " + user + " +pubsub " +
         commands + " " + channels;
}

}  // namespace socketio::cli::explain
