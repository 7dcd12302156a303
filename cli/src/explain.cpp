#include "explain.hpp"

#include "text.hpp"

namespace socketio::cli::explain {
namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string user_of(const Options& options) { return options.redis.username.empty() ? "default" : options.redis.username; }

constexpr std::string_view password_hint =
    "Give user and password with --user and --password-file, in SOCKETIO_REDIS_PASSWORD, or in the URL.";

}  // namespace

std::string no_connection(const std::string& error, const Options& options) {
  for (const std::string_view sign : {"WRONGPASS", "NOAUTH", "ERR AUTH", "ERR Client sent AUTH", "password"}) {
    if (contains(error, sign)) {
      return error + " " + std::string(password_hint);
    }
  }
  if (contains(error, "refused database")) {
    return error + " Choose another one at the end of the URL.";
  }
  return error + (contains(error, redis::describe(options.redis)) ? "" : " (" + redis::describe(options.redis) + ")") +
         " Start Redis there, or name another one with --redis URL.";
}

std::string refusal(std::string_view error, const Options& options, Op op, std::string_view channel) {
  if (error.starts_with("NOPERM")) {
    const std::string user = user_of(options);
    const bool command = contains(error, "command");
    const std::string pattern = options.key + (op == Op::emit ? "#" : "-request#");
    const std::string what = command           ? "to run PUBLISH"
                             : channel.empty() ? "to publish to the channels " + pattern + "*"
                                               : "to publish to the channel " + text::excerpt(channel, 200);
    return "Redis does not allow the user \"" + text::excerpt(user) + "\" " + what + ". Grant it with: ACL SETUSER " +
           text::excerpt(user) + (command ? " +publish" : " " + text::shell_quoted("&" + pattern + "*"));
  }
  if (error.starts_with("NOAUTH")) {
    return "Redis at " + redis::describe(options.redis) + " asks for a password. " + std::string(password_hint);
  }
  return "Redis refused it: " + text::excerpt(error, 300);
}

}  // namespace socketio::cli::explain
