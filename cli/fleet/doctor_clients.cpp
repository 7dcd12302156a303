// What the connections to Redis tell: how far behind they are, and what their users may do.

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "../src/text.hpp"
#include "../src/units.hpp"
#include "doctor.hpp"
#include "names.hpp"

namespace socketio::cli::fleet {
namespace {

struct BufferLimit {
  std::uint64_t hard = std::uint64_t{32} << 20;  ///< Redis' defaults
  std::uint64_t soft = std::uint64_t{8} << 20;
  std::string seconds = "60";
};

/// "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
std::optional<BufferLimit> read_limit(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    words.push_back(text.substr(0, text.find(' ')));
    text.remove_prefix(std::min(text.size(), words.back().size() + 1));
  }
  const auto pubsub = std::find(words.begin(), words.end(), "pubsub");
  if (words.end() - pubsub < 4) {
    return std::nullopt;
  }
  return BufferLimit{units::count(pubsub[1]).value_or(0), units::count(pubsub[2]).value_or(0), std::string(pubsub[3])};
}

using Command = std::vector<std::string>;

/// What a server does, by group: whoever may do some of a group should be able to do all of it.
struct Duties {
  std::string what;
  std::vector<Command> commands;
};

std::vector<Duties> duties_of(Bus bus, const Options& options, const std::string& nsp) {
  const std::string& key = options.common.key;
  const std::string main = names::main_channel(key, nsp);
  const std::string request = names::request_channel(key, nsp);
  const std::string response = names::response_channel(key, nsp);
  const std::string own = main + "0123456789abcdef#";
  const std::string stream = options.stream_count <= 1
                                 ? options.stream_name
                                 : options.stream_name + "-" + std::to_string(names::stream_index(nsp, options.stream_count));
  switch (bus) {
    case Bus::classic:
      return {
          {"subscribe",
           {{"PSUBSCRIBE", main + "*"}, {"SUBSCRIBE", request}, {"SUBSCRIBE", response}, {"SUBSCRIBE", response + "abcdef#"}}},
          {"publish",
           {{"PUBLISH", main, "x"}, {"PUBLISH", main + "room#", "x"}, {"PUBLISH", request, "x"}, {"PUBLISH", response, "x"}}}};
    case Bus::sharded:
      return {{"subscribe", {{"SSUBSCRIBE", main}, {"SSUBSCRIBE", own}, {"SSUBSCRIBE", main + "room#"}}},
              {"publish", {{"SPUBLISH", main, "x"}, {"SPUBLISH", own, "x"}, {"SPUBLISH", main + "room#", "x"}}}};
    case Bus::streams: break;
  }
  return {
      {"subscribe", {{"SUBSCRIBE", main}, {"SUBSCRIBE", own}}},
      {"publish",
       {{"PUBLISH", main, "x"}, {"PUBLISH", own, "x"}, {"XADD", stream, "*", "nsp", nsp}, {"XREAD", "STREAMS", stream, "0"}}}};
}

/// Nothing when Redis does not tell.
std::optional<std::vector<bool>> allowed(Commander& redis, const std::string& user, const std::vector<Command>& commands) {
  std::vector<Command> questions;
  for (const Command& command : commands) {
    Command question{"ACL", "DRYRUN", user};
    question.insert(question.end(), command.begin(), command.end());
    questions.push_back(std::move(question));
  }
  std::vector<bool> result;
  for (const redis::CommandResult& answer : redis.ask_all(questions)) {
    if (answer.outcome != redis::Outcome::ok) {
      return std::nullopt;
    }
    result.push_back(answer.reply.text == "OK");
  }
  return result;
}

std::string text_of(const Command& command) {
  std::string text;
  for (std::size_t index = 0; index < std::min<std::size_t>(command.size(), 2); ++index) {
    text += (text.empty() ? "" : " ") + text::excerpt(command[index], 200);
  }
  return text;
}

/// A pattern must be allowed as it is; of channels and keys a pattern is enough.
std::string grant(const std::string& user, const Command& command) {
  const bool key = command[0] == "XADD" || command[0] == "XREAD";
  const std::string& name = command[0] == "XREAD" ? command[2] : command[1];
  return "ACL SETUSER " + text::excerpt(user) + " +" + command[0] + " " + text::shell_quoted((key ? "~" : "&") + name);
}

/// False when Redis does not tell.
bool check_user(Examination& fleet, Bus bus, const std::string& nsp, const std::string& user) {
  for (const Duties& duties : duties_of(bus, fleet.options, nsp)) {
    auto commands = duties.commands;
    commands.push_back({"PUBSUB", bus == Bus::sharded ? "SHARDNUMSUB" : "NUMSUB", "x"});  // servers count; emitters do not
    const auto answers = allowed(fleet.redis, user, commands);
    if (!answers) {
      return false;
    }
    const auto end = answers->end() - 1;
    const auto missing = std::find(answers->begin(), end, false);
    const bool is_server = duties.what == "subscribe" || answers->back();
    if (missing == end || std::find(answers->begin(), end, true) == end || !is_server) {
      continue;
    }
    const Command& command = duties.commands[static_cast<std::size_t>(missing - answers->begin())];
    fleet.findings.push_back({"rights",
                              "The Redis user \"" + text::excerpt(user) + "\" may " + duties.what +
                                  " only some of what servers of the " + std::string(name_of(bus)) + " transport " +
                                  duties.what + " (namespace " + text::excerpt(nsp) + ").",
                              "Redis says (ACL DRYRUN) that it may not: " + text_of(command) + ".",
                              "Allow it: " + grant(user, command) + " (and whatever else is refused)."});
  }
  return true;
}

}  // namespace

void check_buffers(Examination& fleet) {
  if (!fleet.clients) {
    return;
  }
  BufferLimit limit;
  const auto setting = fleet.redis.ask({"CONFIG", "GET", "client-output-buffer-limit"});
  if (setting.outcome == redis::Outcome::ok && setting.reply.elements.size() == 2) {
    limit = read_limit(setting.reply.elements[1].text).value_or(limit);
  }
  for (const ClientLine& client : *fleet.clients) {
    const std::uint64_t bytes = client.number("omem");
    const bool near_hard = limit.hard != 0 && bytes >= limit.hard / 2;
    const bool near_soft = limit.soft != 0 && bytes >= limit.soft / 2;
    if (!client.subscribes() || !(near_hard || near_soft)) {
      continue;
    }
    fleet.findings.push_back({"buffers",
                              "The subscriber at " + std::string(client.text("addr")) +
                                  (client.text("name").empty() ? "" : " (" + text::excerpt(client.text("name")) + ")") +
                                  " reads too slowly: Redis is about to disconnect it, and what it has not read is lost.",
                              units::grouped(bytes) + " bytes wait for it (CLIENT LIST, omem); the limit is " +
                                  (limit.hard == 0 ? "none" : units::grouped(limit.hard)) + " at once, " +
                                  (limit.soft == 0 ? "none" : units::grouped(limit.soft)) + " for " + limit.seconds +
                                  " s (client-output-buffer-limit pubsub).",
                              "See what keeps that process from reading: a blocked event loop, too little CPU, a slow network. "
                              "Send less to all (rooms "
                              "with the sharded adapter), or raise the limit."});
  }
}

void check_rights(Examination& fleet) {
  if (!fleet.clients) {
    return;
  }
  std::set<std::string> users;
  for (const ClientLine& client : *fleet.clients) {
    const bool is_tool = client.text("name").starts_with("socketio-fleet-");  // it needs other rights than a server
    if (!is_tool && !client.text("user").empty() && client.text("user") != "(superuser)") {
      users.emplace(client.text("user"));
    }
  }
  for (const Bus bus : fleet.buses) {
    for (const std::string& nsp : fleet.fleet.of(bus)) {
      for (const std::string& user : users) {
        if (!check_user(fleet, bus, nsp, user)) {
          fleet.not_checked.push_back("what Redis users may do: this one may not ask (ACL DRYRUN, Redis 7).");
          return;
        }
      }
    }
  }
}

}  // namespace socketio::cli::fleet
