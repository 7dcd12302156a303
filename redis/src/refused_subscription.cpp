#include "refused_subscription.hpp"

namespace socketio::redis {
namespace {

constexpr std::size_t name_size_max = 200;

/// Replaces control characters and bytes that are not ASCII, so that none reaches a terminal: names may come from clients
/// (rooms), and errors from any server.
std::string printable(std::string_view text) {
  std::string result(text.substr(0, name_size_max));
  for (char& character : result) {
    const auto byte = static_cast<unsigned char>(character);
    character = byte < 0x20 || byte >= 0x7f ? '?' : character;
  }
  return text.size() > name_size_max ? result + "..." : result;
}

}  // namespace

std::string describe(const RefusedSubscription& refused, std::string_view who, std::string_view user) {
  const bool is_pattern = refused.kind == SubscriptionKind::pattern;
  const std::string name = printable(refused.name);
  std::string text(who);
  text += std::string(" refused the subscription to the ") + (is_pattern ? "pattern" : "channel") + " \"" + name + "\" (" +
          printable(refused.error) + "): messages published there do not arrive.";
  if (refused.error.starts_with("NOPERM")) {
    const char* const command = is_pattern                                ? "psubscribe"
                                : refused.kind == SubscriptionKind::shard ? "ssubscribe"
                                                                          : "subscribe";
    text += " Grant it with: ACL SETUSER " + printable(user.empty() ? "default" : user) + " +" + command + " &" + name;
    text += is_pattern ? " (a pattern has to be granted literally)." : "";
  }
  return text;
}

}  // namespace socketio::redis
