#include "doctor.hpp"

#include "common/exit_status.hpp"
#include "common/explain.hpp"
#include "common/json_object.hpp"
#include "common/text.hpp"
#include "options.hpp"

namespace socketio::cli::fleet {
namespace {

constexpr ExitStatus unhealthy{6};

void report_json(const Examination& fleet, Console& console) {
  Buffer out;
  for (const Finding& finding : fleet.findings) {
    JsonObject object(out);
    object.text("check", finding.check).text("problem", finding.problem);
    object.text("seen", finding.seen).text("advice", finding.advice).end_line();
  }
  JsonObject(out).number("problems", fleet.findings.size()).texts("not_checked", fleet.not_checked).end_line();
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

void Examination::take_sharded_for_streams() {
  use_sharded_pubsub = true;
  fleet.streams = std::exchange(fleet.sharded, {});
  std::replace(buses.begin(), buses.end(), Bus::sharded, Bus::streams);
}

std::vector<ClientLine> read_client_list(std::string_view text) {
  std::vector<ClientLine> clients;
  client_list::for_each(text, [&clients](client_list::Line<> line) {
    if (line.whole().find('=') != std::string_view::npos) {
      clients.emplace_back(line.whole());
    }
  });
  return clients;
}

std::optional<std::vector<ClientLine>> list_clients(Commander& redis, std::string* refusal) {
  const auto list = redis.ask({"CLIENT", "LIST"});
  if (list.outcome == redis::Outcome::ok) {
    return read_client_list(list.reply.text);
  }
  if (refusal != nullptr) {
    *refusal = list.message;
  }
  return std::nullopt;
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
    fleet.refusal = failure.what();
    fleet.not_checked.push_back("which servers there are, and whether they answer: " + fleet.refusal);
    return;
  }
  if (options.buses.empty()) {
    std::copy_if(std::begin(all_buses), std::end(all_buses), std::back_inserter(fleet.buses),
                 [&fleet](Bus bus) { return !fleet.fleet.of(bus).empty(); });
  }
}

/// Result of find_transport() in a namespace; empty when it does not arrive in time.
std::optional<FoundTransport> look_at_namespace(Examination& fleet, const std::string& nsp) {
  const auto found = std::make_shared<std::optional<FoundTransport>>();
  find_transport(fleet.redis.client(), fleet.options.settings(Bus::streams), nsp,
                 [found](const FoundTransport& result) { *found = result; });
  fleet.redis.wait([&] { return found->has_value(); }, fleet.options.common.timeout);
  return *found;
}

void look_at_clients(Examination& fleet) {
  std::string refusal;
  fleet.clients = list_clients(fleet.redis, &refusal);
  if (!fleet.clients) {
    fleet.not_checked.push_back("connections, because Redis does not list them (" + text::excerpt(refusal, 200) + ").");
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
    fleet.take_sharded_for_streams();
  }
  fleet.has_seen_stream = found->has_own_stream;
  if (!fleet.options.common.stream_count_given && found->seen_stream_count) {
    fleet.options.common.stream_count = *found->seen_stream_count;
  }
}

namespace {

/// Fails when neither servers nor connections were listed: finding nothing wrong then says nothing about the fleet.
void check_seen_something(const Examination& fleet) {
  if (fleet.knows_servers || fleet.clients || !fleet.findings.empty()) {
    return;
  }
  cli::Options common = fleet.options.common;
  common.transports = {fleet.buses.empty() ? Bus::classic : fleet.buses.front()};
  fail_refused(explain::not_asked(fleet.refusal, common));
}

}  // namespace

ExitStatus run_doctor(const Options& options, Console& console) {
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
  check_seen_something(fleet);
  if (options.common.output == Output::json) {
    report_json(fleet, console);
  } else if (options.common.output == Output::text) {
    report_text(fleet, console);
  }
  return with_output(fleet.findings.empty() ? ExitStatus::ok : unhealthy, console.loses_output());
}

}  // namespace socketio::cli::fleet
