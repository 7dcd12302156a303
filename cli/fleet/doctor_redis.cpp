// Findings about Redis itself: whether it is the master, whether it may evict data of the fleet, and the rights of the servers'
// users: a user with some of the rights that a server needs should have all of them.

#include "common/exit_status.hpp"
#include "common/text.hpp"
#include "doctor.hpp"
#include "names.hpp"

namespace socketio::cli::fleet {
namespace {

using redis::Reply;

/// Longest wait for a replica.
constexpr std::chrono::milliseconds replica_timeout{2'000};

std::string address(const Reply& host, const Reply& port) {
  return text::excerpt(host.text, 200) + ":" + (port.text.empty() ? std::to_string(port.integer) : text::excerpt(port.text));
}

/// Number of the fleet's namespaces with subscribers at that Redis. Empty when Redis does not report it.
std::optional<std::size_t> server_channels_at(Examination& fleet, const std::string& host, std::uint16_t port) {
  Options there = fleet.options;
  there.common.redis.topology = redis::Topology::standalone;
  there.common.redis.unix_path.clear();
  there.common.redis.host = host;
  there.common.redis.port = port;
  there.common.timeout = std::min(fleet.options.common.timeout, replica_timeout);
  try {
    Commander redis(fleet.redis.loop(), there, "doctor", fleet.console, fleet.signals);
    redis.connect();
    const FoundNamespaces found = look_at_fleet(redis, there);
    return found.classic.size() + found.sharded.size() + found.streams.size();
  } catch (const Failure&) {
    if (fleet.signals.pending() != 0) {
      throw;
    }
    return std::nullopt;
  }
}

/// The value of a line `name:value` of INFO.
std::string_view info(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return line.substr(name.size() + 1);
    }
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return {};
}

void check_eviction(Examination& fleet, std::uint64_t limit, const std::string& policy) {
  const bool keys = policy.starts_with("allkeys");
  fleet.report("memory",
               "When its memory is full, this Redis removes " +
                   std::string(keys ? "any key: also streams, which servers read, and"
                                    : "keys "
                                      "that expire: also the") +
                   " sessions of clients that want to recover.",
               "maxmemory is " + units::counted(limit, "byte") + ", maxmemory-policy is " + text::excerpt(policy) + ".",
               "Set maxmemory-policy to noeviction, or give the fleet a Redis of its own.");
}

}  // namespace

void check_replicas(Examination& fleet) {
  if (fleet.options.common.redis.topology == redis::Topology::cluster) {
    return;  // all nodes, replicas included, forward what is published
  }
  const auto role = fleet.redis.ask({"ROLE"});
  const std::vector<Reply>& parts = role.reply.elements;
  if (role.outcome != redis::Outcome::ok || parts.empty()) {
    fleet.not_checked.push_back("replicas, because Redis does not tell its role (" + text::excerpt(role.message, 200) + ").");
    return;
  }
  if (parts[0].text == "slave" && parts.size() >= 3) {
    const std::string master = address(parts[1], parts[2]);
    fleet.report("replica",
                 "This Redis is a replica of " + master +
                     ": what is published here reaches only subscribers that are connected here, and streams "
                     "cannot be written.",
                 "It says so itself (ROLE).",
                 "Connect servers, emitters and this tool to the master " + master + ", or through its sentinels.");
    return;
  }
  for (const Reply& replica : parts.size() >= 3 ? parts[2].elements : std::vector<Reply>()) {
    if (replica.elements.size() < 2) {
      continue;
    }
    const std::string where = address(replica.elements[0], replica.elements[1]);
    const auto port = units::count(replica.elements[1].text).value_or(0);
    const auto channels = server_channels_at(fleet, replica.elements[0].text, static_cast<std::uint16_t>(port));
    if (!channels) {
      fleet.not_checked.push_back("whether servers are connected to the replica " + where + ", which cannot be asked.");
    } else if (*channels != 0) {
      fleet.report("replica",
                   "Servers are connected to the replica " + where +
                       ": the others do not receive what they publish, and they cannot write streams.",
                   "Channels of " + units::counted(*channels, "namespace") + " have subscribers there (PUBSUB).",
                   "Connect these servers to the master, or through its sentinels.");
    }
  }
}

void check_memory(Examination& fleet) {
  if (!fleet.looks_at(Bus::streams)) {
    return;  // the other transports keep nothing in Redis
  }
  const auto answer = fleet.redis.ask({"INFO", "memory"});
  if (answer.outcome != redis::Outcome::ok) {
    fleet.not_checked.push_back("memory, because Redis does not tell (" + text::excerpt(answer.message, 200) + ").");
    return;
  }
  const std::uint64_t limit = units::count(info(answer.reply.text, "maxmemory")).value_or(0);
  const std::uint64_t used = units::count(info(answer.reply.text, "used_memory")).value_or(0);
  const std::string policy(info(answer.reply.text, "maxmemory_policy"));
  if (limit != 0 && used >= limit && policy == "noeviction") {
    fleet.report("memory", "The memory of this Redis is full: it refuses every event for a streams fleet.",
                 units::counted(used, "byte") + " are used, maxmemory is " + units::counted(limit, "byte") + ".",
                 "Raise maxmemory, or find what fills it: streams grow with maxLen.");
  } else if (limit != 0 && !policy.empty() && policy != "noeviction") {
    check_eviction(fleet, limit, policy);
  }
}

// Findings about the rights of the servers' users: a user with some of the rights that a server needs should have all of them.
namespace {

using Command = std::vector<std::string>;

/// A command that a server sends, and Redis' reply on whether a user may run it.
struct Duty {
  std::string_view what;  ///< "subscribe" or "publish": a server has a connection for each
  Command command;
  bool granted = false;
  bool has_command = false;  ///< granted, or refused because of a channel or key
  /// True for a granted command that names a channel or key of this fleet.
  [[nodiscard]] bool shows_rights() const { return granted && command[0] != "PUBSUB"; }
};

std::vector<Duty> duties_of(Bus bus, const Options& options, const std::string& nsp) {
  const std::string& key = options.common.key;
  const std::string main = names::main_channel(key, nsp);
  const std::string request = names::request_channel(key, nsp);
  const std::string response = names::response_channel(key, nsp);
  const std::string own = main + "0123456789abcdef#";
  const std::string stream = names::stream(options.common, nsp);
  constexpr std::string_view subscribe = "subscribe";
  constexpr std::string_view publish = "publish";
  switch (bus) {
    case Bus::classic:
      return {{subscribe, {"PSUBSCRIBE", main + "*"}}, {subscribe, {"SUBSCRIBE", request}},
              {subscribe, {"SUBSCRIBE", response}},    {subscribe, {"SUBSCRIBE", response + "abcdef#"}},
              {publish, {"PUBLISH", main, "x"}},       {publish, {"PUBLISH", main + "room#", "x"}},
              {publish, {"PUBLISH", request, "x"}},    {publish, {"PUBLISH", response, "x"}},
              {publish, {"PUBSUB", "NUMSUB", request}}};
    case Bus::sharded:
      return {{subscribe, {"SSUBSCRIBE", main}},           {subscribe, {"SSUBSCRIBE", own}},
              {subscribe, {"SSUBSCRIBE", main + "room#"}}, {publish, {"SPUBLISH", main, "x"}},
              {publish, {"SPUBLISH", own, "x"}},           {publish, {"SPUBLISH", main + "room#", "x"}},
              {publish, {"PUBSUB", "SHARDNUMSUB", main}}};
    case Bus::streams:
    case Bus::automatic: break;
  }
  return {{subscribe, {"SUBSCRIBE", main}},
          {subscribe, {"SUBSCRIBE", own}},
          {publish, {"PUBLISH", main, "x"}},
          {publish, {"PUBLISH", own, "x"}},
          {publish, {"XADD", stream, "*", "nsp", nsp}},
          {publish, {"XREAD", "STREAMS", stream, "0"}},
          {publish, {"PUBSUB", "NUMSUB", main}}};
}

/// Runs ACL DRYRUN for each command. False when Redis does not report permissions.
bool ask_permissions(Commander& redis, const std::string& user, std::vector<Duty>& duties) {
  std::vector<Command> questions;
  for (const Duty& duty : duties) {
    questions.push_back({"ACL", "DRYRUN", user});
    questions.back().insert(questions.back().end(), duty.command.begin(), duty.command.end());
  }
  const auto answers = redis.ask_all(questions);
  for (std::size_t index = 0; index < duties.size(); ++index) {
    if (answers[index].outcome != redis::Outcome::ok) {
      return false;
    }
    const std::string& text = answers[index].reply.text;
    duties[index].granted = text == "OK";
    duties[index].has_command = duties[index].granted || text.find(" to run ") == std::string::npos;
  }
  return true;
}

/// The ACL SETUSER command that allows a command. A pattern must be allowed literally; for channels and keys a wider pattern
/// suffices.
std::string grant(const std::string& user, const Command& command) {
  const bool key = command[0] == "XADD" || command[0] == "XREAD";
  const std::string& name = command[0] == "XREAD" ? command[2] : command[1];
  const std::string start = "ACL SETUSER " + text::excerpt(user) + " +" + command[0];
  return command[0] == "PUBSUB" ? start : start + " " + text::shell_quoted((key ? "~" : "&") + name);
}

/// Users of connections that certainly belong to servers, and users of those that may.
struct Users {
  std::set<std::string> subscribing;  ///< they have the subscriptions of servers, or tried to get them
  std::set<std::string> publishing;   ///< they publish for one of these
  std::set<std::string> others;       ///< all others: emitters, askers, or servers with incomplete rights
};

bool tries_to_listen(const ClientLine& client, Bus bus) {
  const std::string_view command = client.text("cmd");
  switch (bus) {
    case Bus::classic: return command == "psubscribe" && client.number("sub") == 0;
    case Bus::sharded: return command == "ssubscribe" && !client.subscribes();
    case Bus::streams:
    case Bus::automatic: break;
  }
  return client.runs_xread();
}

Users users_of(const std::vector<ClientLine>& clients, Bus bus) {
  Users users;
  const auto add = [](std::set<std::string>& to, const ClientLine* client) {
    if (client != nullptr && !client->is_tool() && !client->text("user").empty() && client->text("user") != "(superuser)") {
      to.emplace(client->text("user"));
    }
  };
  for (const auto& [subscriber, publisher] : pairs_of(clients, bus)) {
    if (bus != Bus::streams) {  // an asker has as many subscriptions as a streams server; XREAD shows the servers
      add(users.subscribing, subscriber);
      add(users.publishing, publisher);
    }
  }
  for (const ClientLine& client : clients) {
    if (tries_to_listen(client, bus)) {
      add(users.subscribing, &client);
    }
  }
  for (const ClientLine& client : clients) {
    if (!client.subscribes() && users.subscribing.count(std::string(client.text("user"))) != 0) {
      add(users.publishing, &client);
    } else {
      add(users.others, &client);
    }
  }
  if (bus == Bus::streams) {  // one client does everything in a streams server
    users.publishing = users.subscribing;
  }
  return users;
}

/// Reports a user with incomplete rights. False when Redis does not report permissions.
bool check_user(Examination& fleet, Bus bus, const std::string& nsp, const std::string& user, const Users& users) {
  std::vector<Duty> duties = duties_of(bus, fleet.options, nsp);
  if (!ask_permissions(fleet.redis, user, duties)) {
    return false;
  }
  const bool has_all_commands = std::all_of(duties.begin(), duties.end(), std::mem_fn(&Duty::has_command));
  for (const std::string_view what : {"subscribe", "publish"}) {
    const auto shows = [what](const Duty& duty) { return duty.what == what && duty.shows_rights(); };
    const bool does = (what == "subscribe" ? users.subscribing : users.publishing).count(user) != 0;
    const bool some = std::any_of(duties.begin(), duties.end(), shows);
    const bool is_of_fleet = some || std::any_of(duties.begin(), duties.end(), std::mem_fn(&Duty::shows_rights));
    const auto missing =
        std::find_if(duties.begin(), duties.end(), [what](const Duty& duty) { return duty.what == what && !duty.granted; });
    if (is_of_fleet && (does || (has_all_commands && some)) && missing != duties.end()) {
      const Command& command = missing->command;
      fleet.report("rights",
                   "The Redis user \"" + text::excerpt(user) + "\" may not do all that servers of the " +
                       std::string(name_of(bus)) + " transport do to " + std::string(what) + " (namespace " +
                       text::excerpt(nsp) + ").",
                   "Redis says (ACL DRYRUN) that it may not: " + text::excerpt(command[0], 200) + " " +
                       text::excerpt(command[1], 200) + ".",
                   "Allow it: " + grant(user, command) + " (and whatever else is refused).");
    }
  }
  return true;
}

}  // namespace

void check_rights(Examination& fleet) {
  if (!fleet.clients) {
    return;
  }
  for (const Bus bus : fleet.buses) {
    const Users users = users_of(*fleet.clients, bus);
    std::set<std::string> all = users.others;
    all.insert(users.subscribing.begin(), users.subscribing.end());
    all.insert(users.publishing.begin(), users.publishing.end());
    for (const std::string& nsp : fleet.fleet.of(bus)) {
      for (const std::string& user : all) {
        if (!check_user(fleet, bus, nsp, user, users)) {
          fleet.not_checked.push_back("what Redis users may do: this one may not ask (ACL DRYRUN, Redis 7).");
          return;
        }
      }
    }
  }
}

}  // namespace socketio::cli::fleet
