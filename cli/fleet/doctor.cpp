#include "doctor.hpp"

#include <algorithm>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/transcode.hpp>

#include "../src/signals.hpp"
#include "../src/text.hpp"
#include "../src/units.hpp"
#include "json.hpp"
#include "names.hpp"
#include "subcommands.hpp"

namespace socketio::cli::fleet {
namespace {

constexpr ExitStatus unhealthy{6};

void report_json(const Examination& fleet, Console& console) {
  Buffer out;
  for (const Finding& finding : fleet.findings) {
    out.append("{\"check\":");
    transcode::append_json_string(out, finding.check);
    json::append_member(out, "problem", finding.problem);
    json::append_member(out, "seen", finding.seen);
    json::append_member(out, "advice", finding.advice);
    out.append("}\n");
  }
  out.append("{\"problems\":" + std::to_string(fleet.findings.size()) + ",\"not_checked\":[");
  for (std::size_t index = 0; index < fleet.not_checked.size(); ++index) {
    out.append(index == 0 ? "" : ",");
    transcode::append_json_string(out, fleet.not_checked[index]);
  }
  out.append("]}\n");
  console.data(out.text());
}

void report_text(const Examination& fleet, Console& console) {
  for (const Finding& finding : fleet.findings) {
    console.data("[" + std::string(finding.check) + "] " + finding.problem + "\n  seen: " + finding.seen +
                 "\n  to do: " + finding.advice + "\n\n");
  }
  for (const std::string& sentence : fleet.not_checked) {
    console.note("Not checked: " + sentence);
  }
  console.note(fleet.findings.empty() ? "Nothing is wrong as far as can be seen."
                                      : units::counted(fleet.findings.size(), "problem") + ".");
}

}  // namespace

bool Examination::looks_at(Bus bus) const { return std::find(buses.begin(), buses.end(), bus) != buses.end(); }

std::string_view ClientLine::text(std::string_view name) const {
  const auto found = members.find(name);
  return found == members.end() ? std::string_view() : std::string_view(found->second);
}

std::uint64_t ClientLine::number(std::string_view name) const { return units::count(text(name)).value_or(0); }

std::vector<ClientLine> read_client_list(std::string_view text) {
  std::vector<ClientLine> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    ClientLine client;
    while (!line.empty()) {
      const std::string_view member = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(line.size(), member.size() + 1));
      if (const std::size_t equals = member.find('='); equals != std::string_view::npos) {
        client.members.emplace(member.substr(0, equals), member.substr(equals + 1));
      }
    }
    if (!client.members.empty()) {
      lines.push_back(std::move(client));
    }
  }
  return lines;
}

void check_servers(Examination& fleet) {
  const std::string with_key = "the key \"" + text::excerpt(fleet.key()) + "\"";
  std::string names;
  std::size_t in_use = 0;
  for (const Bus bus : {Bus::classic, Bus::sharded, Bus::streams}) {
    if (!fleet.fleet.of(bus).empty()) {
      names += (names.empty() ? "" : " and ") + std::string(name_of(bus));
      ++in_use;
    }
  }
  if (in_use > 1) {
    fleet.findings.push_back({"transports", "Servers with " + with_key + " use " + names + ": they do not hear each other.",
                              "Redis has subscribers on the channels of each of them.",
                              "Give all servers the same adapter. Until then, emit to each transport, or give each part of the "
                              "fleet a key of its own."});
  }
  for (const Bus bus : fleet.buses) {
    const auto known = fleet.redis.ask({"COMMAND", "INFO",
                                        bus == Bus::sharded   ? "SPUBLISH"
                                        : bus == Bus::streams ? "XADD"
                                                              : "PUBLISH"});
    const bool missing = known.outcome == redis::Outcome::ok && !known.reply.elements.empty() &&
                         known.reply.elements[0].type == redis::Reply::Type::nil;
    if (missing) {
      const bool sharded = bus == Bus::sharded;
      fleet.findings.push_back({"version",
                                "This Redis is too old for the " + std::string(name_of(bus)) + " transport, which needs " +
                                    (sharded ? "Redis 7." : "Redis 5."),
                                std::string("It does not know the command ") + (sharded ? "SPUBLISH." : "XADD."),
                                "Use a newer Redis, or the classic adapter."});
    } else if (fleet.fleet.of(bus).empty()) {
      fleet.findings.push_back(
          {"servers", "No server with " + with_key + " listens by the " + std::string(name_of(bus)) + " transport.",
           "Nobody is subscribed to " + (bus == Bus::classic ? fleet.key() + "-request#...#" : fleet.key() + "#...#") + ".",
           "Compare the key and the Redis of the servers with --key and --redis; or no server runs."});
    }
  }
  if (fleet.buses.empty()) {
    fleet.findings.push_back({"servers", "No server with " + with_key + " listens on this Redis.",
                              "Nobody is subscribed to channels that begin with it.",
                              "Compare the key and the Redis of the servers with --key and --redis; or no server runs."});
  }
}

ExitStatus run_doctor(const Options& options, Console& console) {
  const Signals no_broken_pipes;
  Loop loop;
  const StopSignals signals(loop);
  Commander redis(loop, options, "doctor", console, signals);
  redis.connect();
  Examination fleet{redis, options, console, signals, look_at_fleet(redis, options), options.buses, {}, {}, {}};
  if (options.buses.empty()) {
    for (const Bus bus : {Bus::classic, Bus::sharded, Bus::streams}) {
      if (!fleet.fleet.of(bus).empty()) {
        fleet.buses.push_back(bus);
      }
    }
  }
  if (const auto list = redis.ask({"CLIENT", "LIST"}); list.outcome == redis::Outcome::ok) {
    fleet.clients = read_client_list(list.reply.text);
  } else {
    fleet.not_checked.push_back("connections, because Redis does not list them (" + text::excerpt(list.message, 200) + ").");
  }
  if (options.common.redis.topology == redis::Topology::cluster) {
    fleet.not_checked.push_back(
        "the other nodes' rights of users (ACL) and limits of output buffers (CONFIG): those of one node of the Redis Cluster "
        "were looked at. Channels and connections are those of all nodes.");
  }
  check_servers(fleet);
  check_answers(fleet);
  check_buffers(fleet);
  check_rights(fleet);
  check_streams(fleet);
  if (options.common.output == Output::json) {
    report_json(fleet, console);
  } else if (options.common.output == Output::text) {
    report_text(fleet, console);
  }
  console.flush();
  return fleet.findings.empty() ? ExitStatus::ok : unhealthy;
}

}  // namespace socketio::cli::fleet
