// Findings from the fleet's messages (--listen), and from the room channels of sharded servers.

#include "common/text.hpp"
#include "doctor.hpp"
#include "names.hpp"
#include "source.hpp"

namespace socketio::cli::fleet {
namespace {

/// Number of rooms that are checked: enough to find a server with a different configuration, and cheap.
constexpr std::size_t rooms_max = 8;
constexpr std::size_t malformed_shown = 5;
/// Number of times that both counts must differ: servers that start or stop between the two queries may cause one difference.
constexpr int counts_max = 3;

/// The rooms of a namespace that have a channel of their own.
std::vector<std::string> rooms_with_channel(Examination& fleet, const std::string& nsp) {
  const auto channels = channels_like(fleet.redis, names::escaped(names::main_channel(fleet.key(), nsp)) + "*", true);
  std::vector<std::string> rooms;
  for (const std::string& channel : channels.value_or(std::vector<std::string>())) {
    const auto room = names::last_of(channel, fleet.key(), nsp);
    if (room && !names::is_uid(*room) && rooms.size() < rooms_max) {
      rooms.emplace_back(*room);
    }
  }
  return rooms;
}

/// True if more servers have sockets in the room than are subscribed to its channel, in every one of several counts.
bool misses_room(Examination& fleet, const std::string& nsp, const std::string& room, std::string& seen) {
  const std::string channel = names::main_channel(fleet.key(), nsp) + room + "#";
  for (int time = 0; time < counts_max; ++time) {
    const auto subscribers = subscribers_of(fleet.redis, channel, true);
    const auto servers = servers_with_room(fleet, nsp, room);
    if (!subscribers || !servers || servers->size() <= *subscribers) {
      return false;
    }
    seen = units::counted(servers->size(), "server") + (servers->size() == 1 ? " has" : " have") + " sockets in the room " +
           text::excerpt(room) + ", but its channel has " + units::counted(*subscribers, "subscriber") + ".";
  }
  return true;
}

/// Counts the messages that a tap would show.
struct Traffic {
  std::uint64_t messages = 0;
  std::uint64_t malformed = 0;
  std::uint64_t bytes_max = 0;
  std::set<std::string> examples;
  std::set<std::tuple<Bus, std::string, std::string>> senders;  ///< transport, namespace, uid

  void note(const Message& message) {
    ++messages;
    bytes_max = std::max<std::uint64_t>(bytes_max, message.bytes);
    if (message.kind == Kind::malformed) {
      ++malformed;
      if (examples.size() < malformed_shown) {
        examples.insert(text::excerpt(message.channel, 100) + " (" + std::string(name_of(message.bus)) + "): " +
                        std::string(describe(message.error.code)) + " at byte " + std::to_string(message.error.offset_bytes));
      }
    } else if (message.bus != Bus::classic && names::is_uid(message.uid) && !is_answer(message.kind)) {
      senders.emplace(message.bus, message.nsp, message.uid);
    }
  }
};

void report(Examination& fleet, const Traffic& traffic) {
  if (traffic.malformed != 0) {
    fleet.report("malformed",
                 units::counted(traffic.malformed, "malformed message") + (traffic.malformed == 1 ? " was" : " were") +
                     " sent within " + units::duration_text(*fleet.options.listen_for) +
                     ": JavaScript servers lose their connection to Redis by them, or end.",
                 shown_some({traffic.examples.begin(), traffic.examples.end()}) + ".",
                 "socketio-fleet tap shows them as they come. Find what else publishes with this key: another version, another "
                 "application, or a key that two fleets share.");
  }
  for (const auto& [bus, nsp, uid] : traffic.senders) {
    const std::string answers = names::main_channel(fleet.key(), nsp) + uid + "#";
    if (subscribers_of(fleet.redis, answers, bus == Bus::sharded) == std::uint64_t{0}) {
      fleet.report("strangers", "A server publishes here that does not listen here: it does not receive what the others send.",
                   "Messages came from " + text::excerpt(uid) + " (" + std::string(name_of(bus)) +
                       "), and nobody is subscribed to " + text::excerpt(answers, 200) + ".",
                   "Compare the Redis of its two clients: the adapter's pubClient and subClient.");
    }
  }
}

}  // namespace

/// Reports different subscription modes: a static server does not subscribe to the channels of rooms, to which a dynamic one
/// publishes.
void check_modes(Examination& fleet) {
  if (!fleet.looks_at(Bus::sharded)) {
    return;
  }
  for (const std::string& nsp : fleet.fleet.of(Bus::sharded)) {
    for (const std::string& room : rooms_with_channel(fleet, nsp)) {
      if (std::string seen; misses_room(fleet, nsp, room, seen)) {
        fleet.report("modes",
                     "Sharded servers have different subscriptionModes: what is sent to a room does not reach all "
                     "of its clients (namespace " +
                         text::excerpt(nsp) + ").",
                     seen, "Give all servers and emitters the same subscriptionMode.");
        break;
      }
    }
  }
}

void check_messages(Examination& fleet) {
  if (!fleet.options.listen_for || fleet.buses.empty()) {
    return;
  }
  Options quiet = fleet.options;
  quiet.record.reset();
  const Filter all(quiet.common.key, quiet.namespaces, {}, {});
  TapOutput nowhere(quiet, fleet.console);
  Traffic traffic;
  const auto note = [&traffic](const Message& message) { traffic.note(message); };
  const TapParts parts{fleet.redis.loop(), quiet, fleet.console, fleet.redis, all, nowhere, fleet.buses.size() > 1, note};
  Sources sources(fleet.buses, parts);
  if (const auto refusal = sources.wait()) {
    fleet.not_checked.push_back("messages: Redis does not let this user listen (" +
                                (refusal->empty() ? "no answer in time" : text::excerpt(*refusal, 200)) + ").");
    return;
  }
  fleet.redis.wait([] { return false; }, *fleet.options.listen_for);
  sources.leave();
  fleet.message_bytes_max = traffic.bytes_max;
  report(fleet, traffic);
}

}  // namespace socketio::cli::fleet
