#include <socketio/emitter/find_transport.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/glob.hpp>
#include <socketio/protocol/sharded_channels.hpp>
#include <socketio/protocol/stream_names.hpp>

namespace socketio {
namespace {

using redis::Outcome;

/// Several questions to Redis, and what becomes of their answers.
template <typename Found>
struct Search {
  Found found;
  std::size_t waiting = 0;
  std::function<void(Found&)> decide;
  std::function<void(const Found&)> done;
};

/// Who listens by each transport, in words: empty where nobody does.
struct Listeners {
  std::string classic;
  std::string sharded;
  std::string streams;
};

/// `place`  where was looked, for the sentence.
void choose(ChosenTransport& chosen, const Listeners& listeners, bool has_stream, bool expects_sharded_pubsub,
            const std::string& place) {
  if (!chosen.message.empty()) {
    return;
  }
  std::vector<std::pair<Transport, std::string>> candidates;
  const auto add = [&](Transport transport, const std::string& who, std::string_view more = {}) {
    if (!who.empty()) {
      candidates.emplace_back(transport, std::string(name_of(transport)) + " (" + who + std::string(more) + ")");
    }
  };
  add(Transport::classic, listeners.classic);
  if (expects_sharded_pubsub) {
    add(Transport::streams, listeners.sharded, " with sharded pub/sub");
  } else {
    add(Transport::sharded, listeners.sharded);
    if (has_stream && listeners.streams.empty()) {
      add(Transport::streams, listeners.sharded, ", if they use sharded pub/sub: there is a stream, too");
    }
  }
  add(Transport::streams, listeners.streams);
  if (candidates.size() == 1) {
    chosen.transport = candidates.front().first;
  } else if (candidates.empty()) {
    chosen.message = "No server listens " + place + " on this Redis, by any transport: name the transport, or start the fleet.";
  } else {
    chosen.message = "More than one transport is in use " + place + ": ";
    for (std::size_t index = 0; index < candidates.size(); ++index) {
      chosen.message += (index == 0 ? "" : index + 1 == candidates.size() ? " and " : ", ") + candidates[index].second;
    }
    chosen.message += ": name the one that is meant.";
  }
}

std::string counted(std::size_t count, std::string_view what) {
  return count == 0 ? std::string() : std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

/// `optional`  Redis may not know the command: sharded pub/sub came with version 7.
template <typename Found, typename Take>
void ask(redis::Client& client, const std::shared_ptr<Search<Found>>& search, std::span<const std::string_view> words,
         bool optional, Take take) {
  ++search->waiting;
  client.command(words, [search, optional, take = std::move(take)](const redis::CommandResult& result) {
    Found& found = search->found;
    if (result.outcome == Outcome::ok) {
      take(found, result.reply);
    } else if ((!optional || result.outcome != Outcome::refused) && found.message.empty()) {
      found.outcome = result.outcome;
      found.message = "Redis does not tell which transport is in use: " + result.message;
    }
    if (--search->waiting == 0) {
      search->decide(found);
      search->done(found);
    }
  });
}

std::size_t number_at(const redis::Reply& reply, std::size_t index) {
  return index < reply.elements.size() && reply.elements[index].integer > 0
             ? static_cast<std::size_t>(reply.elements[index].integer)
             : 0;
}

/// Of channels that are `start`, a namespace and "#": the namespaces, as far as they are wanted.
std::vector<std::string> namespaces_in(const redis::Reply& channels, std::string_view start,
                                       const std::vector<std::string>& wanted) {
  std::vector<std::string> result;
  for (const redis::Reply& channel : channels.elements) {
    const auto nsp = sharded_channels::namespace_of(channel.text, start);
    if (nsp && (wanted.empty() || std::find(wanted.begin(), wanted.end(), *nsp) != wanted.end())) {
      result.emplace_back(*nsp);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::string place_text(std::string_view nsp, const std::string& key) {
  return (nsp.empty() ? std::string() : "in namespace " + std::string(nsp) + " ") + "with the key \"" + key + "\"";
}

}  // namespace

void find_transport(redis::Client& client, const FleetSettings& fleet, std::string_view nsp,
                    std::function<void(const FoundTransport&)> done) {
  const auto search = std::make_shared<Search<FoundTransport>>();
  search->decide = [place = place_text(nsp, fleet.key), fleet](FoundTransport& found) {
    choose(found,
           {counted(found.classic_servers, "server"), counted(found.sharded_servers, "server"),
            counted(found.streams_servers, "server")},
           found.has_stream, fleet.use_sharded_pubsub, place);
  };
  search->done = std::move(done);
  Buffer requests;
  classic_channels::append_request(requests, fleet.key, nsp);
  Buffer main;
  sharded_channels::append_main(main, fleet.key, nsp);
  Buffer stream;
  stream_names::append(stream, fleet.stream_name, fleet.stream_count, nsp);
  const std::array<std::string_view, 4> channels{"PUBSUB", "NUMSUB", requests.text(), main.text()};
  ask(client, search, channels, false, [](FoundTransport& found, const redis::Reply& reply) {
    found.classic_servers = number_at(reply, 1);
    found.streams_servers = number_at(reply, 3);
  });
  const std::array<std::string_view, 3> shards{"PUBSUB", "SHARDNUMSUB", main.text()};
  ask(client, search, shards, true,
      [](FoundTransport& found, const redis::Reply& reply) { found.sharded_servers = number_at(reply, 1); });
  const std::array<std::string_view, 2> exists{"EXISTS", stream.text()};
  ask(client, search, exists, true,
      [](FoundTransport& found, const redis::Reply& reply) { found.has_stream = reply.integer > 0; });
}

void find_namespaces(redis::Client& client, const FleetSettings& fleet, std::vector<std::string> namespaces,
                     std::function<void(const FoundNamespaces&)> done) {
  const auto search = std::make_shared<Search<FoundNamespaces>>();
  const std::string place = place_text(namespaces.size() == 1 ? namespaces.front() : std::string(), fleet.key);
  search->decide = [place, fleet](FoundNamespaces& found) {
    choose(found,
           {counted(found.classic.size(), "namespace"), counted(found.sharded.size(), "namespace"),
            counted(found.streams.size(), "namespace")},
           found.has_stream, fleet.use_sharded_pubsub, place);
  };
  search->done = std::move(done);
  Buffer pattern;
  glob::append_escaped(pattern, fleet.key);
  pattern.append("*");
  const auto wanted = std::make_shared<const std::vector<std::string>>(std::move(namespaces));
  const std::array<std::string_view, 3> channels{"PUBSUB", "CHANNELS", pattern.text()};
  ask(client, search, channels, false, [key = fleet.key, wanted](FoundNamespaces& found, const redis::Reply& reply) {
    found.classic = namespaces_in(reply, key + "-request#", *wanted);
    found.streams = namespaces_in(reply, key + "#", *wanted);
  });
  const std::array<std::string_view, 3> shards{"PUBSUB", "SHARDCHANNELS", pattern.text()};
  ask(client, search, shards, true, [key = fleet.key, wanted](FoundNamespaces& found, const redis::Reply& reply) {
    found.sharded = namespaces_in(reply, key + "#", *wanted);
  });
  std::vector<std::string_view> exists{"EXISTS"};
  const std::vector<std::string> streams = stream_names::all(fleet.stream_name, fleet.stream_count);
  exists.insert(exists.end(), streams.begin(), streams.end());
  ask(client, search, exists, true,
      [](FoundNamespaces& found, const redis::Reply& reply) { found.has_stream = reply.integer > 0; });
}

FoundTransport find_transport(const redis::Options& redis, const FleetSettings& fleet, std::string_view nsp,
                              std::chrono::milliseconds timeout) {
  Loop loop;
  FoundTransport result;
  bool ended = false;
  redis::Client client(loop, redis);
  client.connect();
  const std::uint64_t timeout_ms = timeout.count() > 0 ? static_cast<std::uint64_t>(timeout.count()) : 0;
  loop.run_until([&] { return client.state() == redis::State::ready || client.counters().failed_attempts != 0; }, timeout_ms);
  if (client.state() != redis::State::ready) {
    result.outcome = redis::Outcome::not_sent;
    result.message = client.last_error().empty() ? "Redis did not answer in time." : client.last_error();
    return result;
  }
  find_transport(client, fleet, nsp, [&](const FoundTransport& found) {
    result = found;
    ended = true;
  });
  if (!loop.run_until([&ended] { return ended; }, timeout_ms)) {
    client.abandon("Redis did not answer in time.");
    loop.run_until([&ended] { return ended; }, timeout_ms);
  }
  return result;
}

}  // namespace socketio
