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

namespace {

/// Streams are looked for by number up to here.
constexpr std::uint32_t streams_looked_for = 64;

std::string stream_name_of(const FleetSettings& fleet, std::uint32_t number) {
  return fleet.stream_name + "-" + std::to_string(number);
}

/// Connections that are in XREAD, of the lines of CLIENT LIST; those of our own tools are no servers.
std::size_t readers_in(std::string_view clients) {
  std::size_t count = 0;
  while (!clients.empty()) {
    const std::string_view line = clients.substr(0, clients.find('\n'));
    clients.remove_prefix(std::min(clients.size(), line.size() + 1));
    const bool reads = line.find(" cmd=xread") != std::string_view::npos;
    count += reads && line.find(" name=socketio-fleet") == std::string_view::npos ? 1U : 0U;
  }
  return count;
}

/// The `nsp` in the answer to XREVRANGE key + - COUNT 1.
std::string namespace_of_entry(const redis::Reply& reply) {
  if (reply.elements.empty() || reply.elements[0].elements.size() < 2) {
    return {};
  }
  const std::vector<redis::Reply>& fields = reply.elements[0].elements[1].elements;
  for (std::size_t index = 0; index + 1 < fields.size(); index += 2) {
    if (fields[index].text == "nsp") {
      return fields[index + 1].text;
    }
  }
  return {};
}

/// Which streams there are, who reads, and whose entries they hold; then whether that tells their number.
class StreamSearch : public std::enable_shared_from_this<StreamSearch> {
 public:
  StreamSearch(redis::Client& client, FleetSettings fleet, std::string nsp, FoundTransport found,
               std::function<void(const FoundTransport&)> done)
      : client_(client), fleet_(std::move(fleet)), nsp_(std::move(nsp)), found_(std::move(found)), done_(std::move(done)) {}

  void begin() {
    seen_.servers = fleet_.use_sharded_pubsub ? found_.sharded_servers : found_.streams_servers;
    ask({"EXISTS", fleet_.stream_name},
        [](StreamSearch& self, const redis::Reply& reply) { self.seen_.has_plain = reply.integer > 0; });
    ask({"CLIENT", "LIST"}, [](StreamSearch& self, const redis::Reply& reply) { self.seen_.readers = readers_in(reply.text); });
    for (std::uint32_t number = 0; number < streams_looked_for; ++number) {
      ask({"EXISTS", stream_name_of(fleet_, number)}, [number](StreamSearch& self, const redis::Reply& reply) {
        if (reply.integer > 0) {
          self.seen_.numbered.emplace_back(number, std::string());
        }
      });
    }
  }

 private:
  using Take = std::function<void(StreamSearch&, const redis::Reply&)>;

  void ask(const std::vector<std::string>& words, Take take) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    ++waiting_;
    client_.command(views, [self = shared_from_this(), take = std::move(take)](const redis::CommandResult& result) {
      if (result.outcome == Outcome::ok) {  // what Redis does not tell is not known
        take(*self, result.reply);
      }
      if (--self->waiting_ == 0) {
        self->go_on();
      }
    });
  }

  void go_on() {
    if (!std::exchange(has_looked_, true) && !seen_.numbered.empty()) {
      std::sort(seen_.numbered.begin(), seen_.numbered.end());
      for (auto& [number, nsp] : seen_.numbered) {
        ask({"XREVRANGE", stream_name_of(fleet_, number), "+", "-", "COUNT", "1"},
            [name = &nsp](StreamSearch&, const redis::Reply& reply) { *name = namespace_of_entry(reply); });
      }
      return;
    }
    if (const auto count = stream_count_of(seen_, nsp_)) {
      found_.stream_count = *count;
    } else {
      found_.stream_count = 0;
      if (found_.transport != Transport::streams) {
        done_(found_);
        return;
      }
      found_.transport.reset();
      found_.message = "The fleet has several streams (" + names() +
                       "), and which one the servers use for this namespace cannot be seen: say how many there are, as the "
                       "servers' streamCount does.";
    }
    done_(found_);
  }

  [[nodiscard]] std::string names() const {
    std::string text = seen_.has_plain ? fleet_.stream_name : std::string();
    for (const auto& [number, nsp] : seen_.numbered) {
      text += (text.empty() ? "" : ", ") + stream_name_of(fleet_, number);
    }
    return text;
  }

  redis::Client& client_;
  const FleetSettings fleet_;
  const std::string nsp_;
  FoundTransport found_;
  std::function<void(const FoundTransport&)> done_;
  SeenStreams seen_;
  std::size_t waiting_ = 0;
  bool has_looked_ = false;
};

}  // namespace

std::optional<std::uint32_t> stream_count_of(const SeenStreams& seen, std::string_view nsp) {
  const bool tells = seen.servers != 0 && seen.readers != 0 && seen.readers % seen.servers == 0;
  const auto by_readers = tells ? std::optional(static_cast<std::uint32_t>(seen.readers / seen.servers)) : std::nullopt;
  if (seen.numbered.empty()) {
    return seen.has_plain ? 1 : by_readers.value_or(1);
  }
  const auto index = [](std::string_view name, std::uint32_t count) {
    return stream_names::hash_of(name) % static_cast<std::int64_t>(count);
  };
  std::vector<std::uint32_t> candidates;
  for (std::uint32_t count = std::max(seen.numbered.back().first + 1, 2U); count <= streams_looked_for; ++count) {
    const bool fits = std::all_of(seen.numbered.begin(), seen.numbered.end(), [&](const auto& stream) {
      return stream.second.empty() || index(stream.second, count) == static_cast<std::int64_t>(stream.first);
    });
    if (fits) {
      candidates.push_back(count);
    }
  }
  if (by_readers && (std::find(candidates.begin(), candidates.end(), *by_readers) != candidates.end() ||
                     (*by_readers == 1 && seen.has_plain))) {
    return by_readers;
  }
  const bool one_stream = !candidates.empty() && !seen.has_plain &&
                          std::all_of(candidates.begin(), candidates.end(),
                                      [&](std::uint32_t count) { return index(nsp, count) == index(nsp, candidates.front()); });
  return one_stream ? std::optional(candidates.front()) : std::nullopt;
}

void find_transport(redis::Client& client, const FleetSettings& fleet, std::string_view nsp,
                    std::function<void(const FoundTransport&)> done) {
  count_servers(client, fleet, nsp,
                [&client, fleet, name = std::string(nsp), done = std::move(done)](const FoundTransport& found) {
                  const bool streams = found.streams_servers != 0 || found.transport == Transport::streams;
                  if (streams && fleet.stream_count == 1) {
                    std::make_shared<StreamSearch>(client, fleet, name, found, done)->begin();
                  } else {
                    done(found);
                  }
                });
}

void count_servers(redis::Client& client, const FleetSettings& fleet, std::string_view nsp,
                   std::function<void(const FoundTransport&)> done) {
  const auto search = std::make_shared<Search<FoundTransport>>();
  search->found.stream_count = fleet.stream_count;
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
  Buffer taps;
  sharded_channels::append_tap(taps, fleet.key, nsp);
  Buffer stream;
  stream_names::append(stream, fleet.stream_name, fleet.stream_count, nsp);
  const std::array<std::string_view, 4> channels{"PUBSUB", "NUMSUB", requests.text(), main.text()};
  ask(client, search, channels, false, [](FoundTransport& found, const redis::Reply& reply) {
    found.classic_servers = number_at(reply, 1);
    found.streams_servers = number_at(reply, 3);
  });
  const std::array<std::string_view, 4> shards{"PUBSUB", "SHARDNUMSUB", main.text(), taps.text()};
  const auto on_shards = [&client, search, name = std::string(stream.text())](FoundTransport& found,
                                                                              const redis::Reply& reply) {
    found.sharded_taps = std::min(number_at(reply, 1), number_at(reply, 3));
    found.sharded_servers = number_at(reply, 1) - found.sharded_taps;
    if (found.sharded_servers != 0) {  // they may be those of a streams fleet
      const std::array<std::string_view, 2> exists{"EXISTS", name};
      ask(client, search, exists, true,
          [](FoundTransport& seen, const redis::Reply& answer) { seen.has_stream = answer.integer > 0; });
    }
  };
  ask(client, search, shards, true, on_shards);
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
