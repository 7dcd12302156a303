#include "doctor.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <socketio/common/buffer.hpp>
#include <socketio/protocol/transcode.hpp>

#include "common/exit_status.hpp"
#include "common/signals.hpp"
#include "common/text.hpp"
#include "common/units.hpp"
#include "json.hpp"
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

bool ClientLine::subscribes_as_server(Bus bus) const {
  switch (bus) {
    case Bus::classic: return number("psub") >= 1 && number("sub") >= 2;
    case Bus::sharded: return number("ssub") >= 2;
    case Bus::streams:
    case Bus::automatic: break;
  }
  return number("sub") >= 2 && number("psub") == 0;
}

std::string_view ClientLine::host() const { return text("addr").substr(0, text("addr").rfind(':')); }

std::string ClientLine::describe() const {
  std::string more;
  for (const std::string_view part : {text("name"), text("lib-name")}) {
    more += part.empty() ? "" : (more.empty() ? "" : ", ") + text::excerpt(part);
  }
  return text::excerpt(text("addr")) + (more.empty() ? "" : " (" + more + ")");
}

std::uint64_t distance(const ClientLine& a, const ClientLine& b) {
  const std::uint64_t first = a.number("id");
  const std::uint64_t second = b.number("id");
  return first > second ? first - second : second - first;
}

namespace {

/// True if `one` is more likely to be the publisher than `other`: processes connect the publisher before its subscriber.
bool fits_better(const ClientLine& one, const ClientLine& other, const ClientLine& subscriber) {
  const auto is_before = [&subscriber](const ClientLine& client) {
    return client.number("id") < subscriber.number("id") && distance(client, subscriber) <= pair_distance_max;
  };
  return is_before(one) != is_before(other) ? is_before(one) : distance(one, subscriber) < distance(other, subscriber);
}

}  // namespace

std::vector<std::pair<const ClientLine*, const ClientLine*>> pairs_of(const std::vector<ClientLine>& clients, Bus bus) {
  std::vector<std::pair<const ClientLine*, const ClientLine*>> pairs;
  std::set<const ClientLine*> taken;
  for (const ClientLine& subscriber : clients) {
    if (subscriber.is_tool() || !subscriber.subscribes_as_server(bus)) {
      continue;
    }
    const ClientLine* nearest = nullptr;
    for (const ClientLine& other : clients) {
      const bool fits = !other.is_tool() && !other.subscribes() && other.host() == subscriber.host() &&
                        other.text("laddr") == subscriber.text("laddr") && taken.count(&other) == 0;
      if (fits && (nearest == nullptr || fits_better(other, *nearest, subscriber))) {
        nearest = &other;
      }
    }
    taken.insert(nearest);
    pairs.emplace_back(&subscriber, nearest);
  }
  return pairs;
}

std::string shown_some(const std::vector<std::string>& items, std::size_t items_max) {
  std::string result;
  const std::size_t shown = std::min(items.size(), items_max);
  for (std::size_t index = 0; index < shown; ++index) {
    const bool last = index + 1 == items.size();
    result += (index == 0 ? "" : last ? " and " : ", ") + items[index];
  }
  return items.size() > shown ? result + " and " + units::grouped(items.size() - shown) + " more" : result;
}

namespace {

/// Finds the transports to examine. If Redis does not list channels, adds a note, and the remaining checks continue.
void find_fleet(Examination& fleet, const Options& options) {
  fleet.buses = options.buses;
  try {
    fleet.fleet = look_at_fleet(fleet.redis, options);
  } catch (const Failure& failure) {
    if (fleet.signals.pending() != 0) {
      throw;
    }
    fleet.knows_servers = false;
    fleet.not_checked.push_back("which servers there are, and whether they answer: " + std::string(failure.what()));
    return;
  }
  if (options.buses.empty()) {
    for (const Bus bus : {Bus::classic, Bus::sharded, Bus::streams}) {
      if (!fleet.fleet.of(bus).empty()) {
        fleet.buses.push_back(bus);
      }
    }
  }
}

/// Result of find_transport() in a namespace; empty when it does not arrive in time.
std::optional<FoundTransport> look_at_namespace(Examination& fleet, const std::string& nsp) {
  const auto found = std::make_shared<std::optional<FoundTransport>>();
  Fleet settings = fleet.options.settings(Bus::streams);
  find_transport(fleet.redis.client(), settings, nsp, [found](const FoundTransport& result) { *found = result; });
  fleet.redis.wait([&] { return found->has_value(); }, fleet.options.common.timeout);
  return *found;
}

void look_at_clients(Examination& fleet) {
  if (const auto list = fleet.redis.ask({"CLIENT", "LIST"}); list.outcome == redis::Outcome::ok) {
    fleet.clients = read_client_list(list.reply.text);
  } else {
    fleet.not_checked.push_back("connections, because Redis does not list them (" + text::excerpt(list.message, 200) + ").");
  }
}

}  // namespace

void look_at_streams(Examination& fleet) {
  const bool streams = fleet.looks_at(Bus::streams) && !fleet.fleet.streams.empty();
  const bool sharded = fleet.looks_at(Bus::sharded) && !fleet.fleet.sharded.empty();
  if (!streams && !sharded) {
    return;
  }
  const auto found = look_at_namespace(fleet, streams ? fleet.fleet.streams.front() : fleet.fleet.sharded.front());
  if (!found) {
    return;
  }
  if (!streams && found->use_sharded_pubsub) {
    fleet.use_sharded_pubsub = true;
    fleet.fleet.streams = std::exchange(fleet.fleet.sharded, {});
    std::replace(fleet.buses.begin(), fleet.buses.end(), Bus::sharded, Bus::streams);
  }
  fleet.has_seen_stream = found->has_own_stream;
  if (!fleet.options.common.stream_count_given && found->seen_stream_count) {
    fleet.options.common.stream_count = *found->seen_stream_count;
  }
}

ExitStatus run_doctor(const Options& options, Console& console) {
  const Signals no_broken_pipes;
  Loop loop;
  const StopSignals signals(loop);
  Commander redis(loop, options, "doctor", console, signals);
  redis.connect();
  Options own = options;
  Examination fleet{redis, own, console, signals};
  find_fleet(fleet, options);
  look_at_clients(fleet);
  look_at_streams(fleet);
  if (options.common.redis.topology == redis::Topology::cluster) {
    fleet.not_checked.push_back(
        "the other nodes' rights of users (ACL) and limits of output buffers (CONFIG): those of one node of the Redis Cluster "
        "were looked at. Channels and connections are those of all nodes.");
  }
  using Check = void (*)(Examination&);
  for (const Check check :
       {check_servers, check_replicas, check_answers, check_namespaces, check_generations, check_modes, check_messages,
        check_connections, check_buffers, check_rights, check_streams, check_readers, check_memory}) {
    check(fleet);
  }
  if (options.common.output == Output::json) {
    report_json(fleet, console);
  } else if (options.common.output == Output::text) {
    report_text(fleet, console);
  }
  return with_output(fleet.findings.empty() ? ExitStatus::ok : unhealthy, console.loses_output());
}

}  // namespace socketio::cli::fleet
