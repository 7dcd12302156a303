#include <socketio/emitter/find_transport.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <socketio/common/milliseconds.hpp>
#include <socketio/protocol/classic_channels.hpp>
#include <socketio/protocol/glob.hpp>
#include <socketio/protocol/sharded_channels.hpp>
#include <socketio/protocol/stream_names.hpp>

#include "stream_search.hpp"

namespace socketio {
namespace {

using redis::Outcome;

/// Several commands to Redis, and the combined result of their replies.
template <typename Found>
struct Search {
  Found found;
  std::size_t waiting = 0;
  std::function<void(Found&)> decide;
  std::function<void(const Found&)> done;

  void end_one() {
    if (--waiting == 0) {
      decide(found);
      done(found);
    }
  }
};

/// Subscribers of each transport as text, such as "2 servers"; empty where there are none.
struct Listeners {
  std::string classic;
  std::string sharded;
  std::string streams;
};

/// `place`  namespace and key that were searched, for the message.
void choose(ChosenTransport& chosen, const Listeners& listeners, bool may_be_streams, bool use_sharded_pubsub,
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
  if (use_sharded_pubsub) {
    add(Transport::streams, listeners.sharded, " with sharded pub/sub");
  } else {
    add(Transport::sharded, listeners.sharded);
    if (may_be_streams && listeners.streams.empty()) {
      add(Transport::streams, listeners.sharded, ", if they use sharded pub/sub: streams are read here, too");
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

/// Condition under which a reply is required.
enum class Need : std::uint8_t {
  always,
  if_known,  ///< an unknown command is no error: sharded pub/sub came with Redis 7
  never,
};

/// True when Redis does not know the command, or the subcommand of PUBSUB. (A renamed PUBSUB is not known, either; but then the
/// required PUBSUB NUMSUB fails, too.)
bool is_unknown(std::string_view error) {
  return error.find("nknown") != std::string_view::npos && !error.starts_with("NOPERM");
}

template <typename Found, typename Take>
void ask(redis::Client& client, const std::shared_ptr<Search<Found>>& search, std::span<const std::string_view> words,
         Need need, Take take) {
  ++search->waiting;
  client.command(words, [search, need, take = std::move(take)](const redis::CommandResult& result) {
    Found& found = search->found;
    const bool may_fail =
        result.outcome == Outcome::refused && (need == Need::never || (need == Need::if_known && is_unknown(result.message)));
    if (result.outcome == Outcome::ok) {
      take(found, result.reply);
    } else if (!may_fail && found.message.empty()) {
      found.outcome = result.outcome;
      found.message = "Redis does not tell which transport is in use: " + result.message;
    }
    search->end_one();
  });
}

std::size_t number_at(const redis::Reply& reply, std::size_t index) {
  return index < reply.elements.size() && reply.elements[index].integer > 0
             ? static_cast<std::size_t>(reply.elements[index].integer)
             : 0;
}

/// Namespaces in the channels named `start`, namespace, "#"; only those in `wanted`, unless that is empty. Sorted.
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

/// Pattern for the uid of a server in the names of its channels: `uid_size` times `uid_digit`.
constexpr std::string_view uid_digit = "[0-9a-f]";
constexpr std::size_t uid_size = 16;

/// Numbers of subscribers as reported by Redis.
struct Subscribers {
  std::size_t requests = 0;   ///< of the classic request channel
  std::size_t responses = 0;  ///< of the classic response channel; only classic servers subscribe to both
  std::size_t main = 0;
  std::size_t shard_main = 0;
  std::size_t taps = 0;
  // Uids in the names of response channels; empty when Redis does not list them.
  std::optional<std::vector<std::string>> uids = {};
  std::optional<std::vector<std::string>> shard_uids = {};
  std::string shards_refused;  ///< error of Redis when `shard_main` is not known
};

/// Counts the servers among the subscribers: a subscriber without a response channel is no server, unless none has one.
void judge(FoundTransport& found, const Subscribers& seen) {
  const bool is_classic = std::min(seen.requests, seen.responses) != 0;
  const bool has_uids = seen.main != 0 && seen.uids && !seen.uids->empty();
  found.classic_servers = is_classic ? std::min(seen.requests, seen.responses) : has_uids ? 0 : seen.requests;
  found.streams_servers = has_uids ? std::min(seen.main, seen.uids->size()) : seen.uids && is_classic ? 0 : seen.main;
  found.sharded_taps = std::min(seen.shard_main, seen.taps);
  found.sharded_servers = seen.shard_main - found.sharded_taps;
  if (found.sharded_servers != 0 && seen.shard_uids && !seen.shard_uids->empty()) {
    const std::size_t servers = std::min(found.sharded_servers, seen.shard_uids->size());
    found.sharded_strangers = std::exchange(found.sharded_servers, servers) - servers;
  }
  if (!seen.shards_refused.empty() && found.nobody()) {
    found.outcome = Outcome::refused;
    found.message = "Redis does not tell which transport is in use: " + seen.shards_refused;
  }
}

void choose(FoundTransport& found, const Fleet& fleet, std::string_view nsp) {
  choose(found,
         {counted_or_none(found.classic_servers, "server"), counted_or_none(found.sharded_servers, "server"),
          counted_or_none(found.streams_servers, "server")},
         found.has_stream, fleet.use_sharded_pubsub || found.use_sharded_pubsub, place_text(nsp, fleet.key));
}

std::string last_name_of(const std::string& channel) {
  return channel.size() > uid_size ? channel.substr(channel.size() - uid_size - 1, uid_size) : std::string();
}

/// `with_uids`  also detects strangers among the subscribers, and whether this is a node of a Redis Cluster.
void count(redis::Client& client, const Fleet& fleet, std::string_view nsp, bool with_uids,
           std::function<void(FoundTransport&, const Subscribers&)> done) {
  const auto search = std::make_shared<Search<FoundTransport>>();
  const auto seen = std::make_shared<Subscribers>();
  search->found.stream_count = fleet.stream_count;
  search->decide = [seen](FoundTransport& found) { judge(found, *seen); };
  search->done = [search_found = &search->found, seen, done = std::move(done)](const FoundTransport&) {
    done(*search_found, *seen);
  };
  Buffer requests;
  classic_channels::append_request(requests, fleet.key, nsp);
  Buffer responses;
  classic_channels::append_response(responses, fleet.key, nsp);
  Buffer main;
  sharded_channels::append_main(main, fleet.key, nsp);
  Buffer taps;
  sharded_channels::append_tap(taps, fleet.key, nsp);
  const std::array<std::string_view, 5> channels{"PUBSUB", "NUMSUB", requests.text(), responses.text(), main.text()};
  ask(client, search, channels, Need::always, [seen](FoundTransport&, const redis::Reply& reply) {
    seen->requests = number_at(reply, 1);
    seen->responses = number_at(reply, 3);
    seen->main = number_at(reply, 5);
  });
  ++search->waiting;
  const std::array<std::string_view, 4> shards{"PUBSUB", "SHARDNUMSUB", main.text(), taps.text()};
  client.command(shards, [search, seen](const redis::CommandResult& result) {
    if (result.outcome == Outcome::ok) {
      seen->shard_main = number_at(result.reply, 1);
      seen->taps = number_at(result.reply, 3);
    } else if (!is_unknown(result.message)) {  // sharded pub/sub came with version 7
      seen->shards_refused = result.message;
    }
    search->end_one();
  });
  if (!with_uids) {
    return;
  }
  Buffer uids;
  glob::append_escaped(uids, main.text());
  for (std::size_t digit = 0; digit < uid_size; ++digit) {
    uids.append(uid_digit);
  }
  uids.push_back('#');
  const auto names_in = [](std::optional<std::vector<std::string>>& names, const redis::Reply& reply) {
    names.emplace();
    for (const redis::Reply& channel : reply.elements) {
      names->push_back(last_name_of(channel.text));
    }
  };
  const std::array<std::string_view, 3> named{"PUBSUB", "CHANNELS", uids.text()};
  ask(client, search, named, Need::never,
      [seen, names_in](FoundTransport&, const redis::Reply& reply) { names_in(seen->uids, reply); });
  const std::array<std::string_view, 3> shards_named{"PUBSUB", "SHARDCHANNELS", uids.text()};
  ask(client, search, shards_named, Need::never,
      [seen, names_in](FoundTransport&, const redis::Reply& reply) { names_in(seen->shard_uids, reply); });
  const std::array<std::string_view, 1> hello{"HELLO"};  // allowed for every user
  ask(client, search, hello, Need::never, [](FoundTransport& found, const redis::Reply& reply) {
    for (std::size_t index = 0; index + 1 < reply.elements.size(); index += 2) {
      found.is_cluster_node |= reply.elements[index].text == "mode" && reply.elements[index + 1].text == "cluster";
    }
  });
}

}  // namespace

void find_transport(redis::Client& client, const Fleet& fleet, std::string_view nsp,
                    std::function<void(const FoundTransport&)> done) {
  count(
      client, fleet, nsp, true,
      [&client, fleet, name = std::string(nsp), done = std::move(done)](FoundTransport& found, const Subscribers& seen) {
        const auto decided = [fleet, name, done](FoundTransport result) {
          choose(result, fleet, name);
          if (result.transport == Transport::streams && (result.stream_count == 0 || result.is_read_elsewhere)) {
            result.transport.reset();
            result.message = result.stream_message;
          }
          done(result);
        };
        if (found.outcome != Outcome::ok || found.streams_servers + found.sharded_servers == 0) {
          decided(found);
          return;
        }
        const auto& uids = found.streams_servers != 0 ? seen.uids : seen.shard_uids;
        search_streams(client, fleet, name, found, uids.value_or(std::vector<std::string>()), decided);
      });
}

void count_servers(redis::Client& client, const Fleet& fleet, std::string_view nsp,
                   std::function<void(const FoundTransport&)> done) {
  count(client, fleet, nsp, false,
        [fleet, name = std::string(nsp), done = std::move(done)](FoundTransport& found, const Subscribers&) {
          choose(found, fleet, name);
          done(found);
        });
}

void find_namespaces(redis::Client& client, const Fleet& fleet, std::vector<std::string> namespaces,
                     std::function<void(const FoundNamespaces&)> done) {
  const auto search = std::make_shared<Search<FoundNamespaces>>();
  const std::string place = place_text(namespaces.size() == 1 ? namespaces.front() : std::string(), fleet.key);
  search->decide = [place, fleet](FoundNamespaces& found) {
    choose(found,
           {counted_or_none(found.classic.size(), "namespace"), counted_or_none(found.sharded.size(), "namespace"),
            counted_or_none(found.streams.size(), "namespace")},
           found.has_stream, fleet.use_sharded_pubsub, place);
  };
  search->done = std::move(done);
  Buffer pattern;
  glob::append_escaped(pattern, fleet.key);
  pattern.append("*");
  const auto wanted = std::make_shared<const std::vector<std::string>>(std::move(namespaces));
  const std::array<std::string_view, 3> channels{"PUBSUB", "CHANNELS", pattern.text()};
  ask(client, search, channels, Need::always, [key = fleet.key, wanted](FoundNamespaces& found, const redis::Reply& reply) {
    found.classic = namespaces_in(reply, key + "-request#", *wanted);
    found.streams = namespaces_in(reply, key + "#", *wanted);
  });
  const std::array<std::string_view, 3> shards{"PUBSUB", "SHARDCHANNELS", pattern.text()};
  ask(client, search, shards, Need::if_known, [key = fleet.key, wanted](FoundNamespaces& found, const redis::Reply& reply) {
    found.sharded = namespaces_in(reply, key + "#", *wanted);
  });
  std::vector<std::string_view> exists{"EXISTS"};
  const std::vector<std::string> streams = stream_names::all(fleet);
  exists.insert(exists.end(), streams.begin(), streams.end());
  ask(client, search, exists, Need::never,
      [](FoundNamespaces& found, const redis::Reply& reply) { found.has_stream = reply.integer > 0; });
}

FoundTransport find_transport(const redis::Options& redis, const Fleet& fleet, std::string_view nsp,
                              std::chrono::milliseconds timeout) {
  Loop loop;
  FoundTransport result;
  bool ended = false;
  redis::Client client(loop, redis);
  client.connect();
  const std::uint64_t timeout_ms = in_ms(timeout);
  const std::uint64_t due_ms = loop.now_ms() + timeout_ms;
  loop.run_until([&] { return client.state() == redis::State::ready || client.counters().failed_attempts != 0; },
                 std::chrono::milliseconds(timeout_ms));
  if (client.state() != redis::State::ready) {
    result.outcome = redis::Outcome::not_sent;
    result.message = client.last_error().empty() ? "Redis did not answer in time." : client.last_error();
    return result;
  }
  find_transport(client, fleet, nsp, [&](const FoundTransport& found) {
    result = found;
    ended = true;
  });
  const std::uint64_t now_ms = loop.now_ms();
  if (!loop.run_until([&ended] { return ended; }, std::chrono::milliseconds(due_ms > now_ms ? due_ms - now_ms : 0))) {
    client.abandon("Redis did not answer in time.");
    loop.run_until([&ended] { return ended; }, std::chrono::milliseconds(timeout_ms));
  }
  return result;
}

}  // namespace socketio
