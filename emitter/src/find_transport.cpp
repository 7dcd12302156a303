#include <socketio/emitter/find_transport.hpp>

#include <algorithm>
#include <array>
#include <map>
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

  void end_one() {
    if (--waiting == 0) {
      decide(found);
      done(found);
    }
  }
};

/// Who listens by each transport, in words: empty where nobody does.
struct Listeners {
  std::string classic;
  std::string sharded;
  std::string streams;
};

/// `place`  where was looked, for the sentence.
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

std::string counted(std::size_t count, std::string_view what) {
  return count == 0 ? std::string() : std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

/// Whether an answer is needed.
enum class Need : std::uint8_t {
  always,
  if_known,  ///< Redis may not know the question: sharded pub/sub came with version 7
  never,
};

/// Redis does not know the command, or the question of PUBSUB. (A command that was renamed is not known, either; but then
/// PUBSUB NUMSUB is not, which is always needed.)
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
/// Streams of other names whose last entry is looked at, and the keys among which they are looked for.
constexpr std::size_t other_streams_max = 16;
constexpr std::string_view keys_scanned = "1000";
/// Entries among which one by a server is looked for.
constexpr std::string_view entries_looked_at = "20";

/// The uid of a server as its channels have it, as a pattern.
constexpr std::string_view uid_digit = "[0-9a-f]";
constexpr std::size_t uid_size = 16;

/// Who is subscribed, as Redis tells it.
struct Subscribers {
  std::size_t requests = 0;   ///< of classic servers
  std::size_t responses = 0;  ///< the same servers; nobody else has both
  std::size_t main = 0;
  std::size_t shard_main = 0;
  std::size_t taps = 0;
  // The uids in the names of channels for answers; nothing when Redis does not tell.
  std::optional<std::vector<std::string>> uids = {};
  std::optional<std::vector<std::string>> shard_uids = {};
  std::string shards_refused;  ///< why Redis does not tell `shard_main`
};

std::string stream_name_of(const FleetSettings& fleet, std::uint32_t number) {
  return fleet.stream_name + "-" + std::to_string(number);
}

/// The value of "name=value" in a line of CLIENT LIST.
std::string_view member_of(std::string_view line, std::string_view name) {
  while (!line.empty()) {
    const std::string_view member = line.substr(0, line.find(' '));
    if (member.size() > name.size() && member.starts_with(name) && member[name.size()] == '=') {
      return member.substr(name.size() + 1);
    }
    line.remove_prefix(std::min(line.size(), member.size() + 1));
  }
  return {};
}

/// Connections that are in XREAD by their database, of the lines of CLIENT LIST; those of our own tools are no servers.
struct StreamReaders {
  std::map<std::string, std::size_t, std::less<>> by_database;
  std::string own_database;  ///< of the connection `own_id`; empty: not known
};

StreamReaders readers_in(std::string_view clients, std::string_view own_id) {
  StreamReaders readers;
  while (!clients.empty()) {
    const std::string_view line = clients.substr(0, clients.find('\n'));
    clients.remove_prefix(std::min(clients.size(), line.size() + 1));
    if (member_of(line, "cmd") == "xread" && !member_of(line, "name").starts_with("socketio-fleet")) {
      ++readers.by_database[std::string(member_of(line, "db"))];
    }
    if (!own_id.empty() && member_of(line, "id") == own_id) {
      readers.own_database = member_of(line, "db");
    }
  }
  return readers;
}

/// A field of an entry in the answer to XREVRANGE.
std::string field_of(const redis::Reply& entry, std::string_view name) {
  if (entry.elements.size() < 2) {
    return {};
  }
  const std::vector<redis::Reply>& fields = entry.elements[1].elements;
  for (std::size_t index = 0; index + 1 < fields.size(); index += 2) {
    if (fields[index].text == name) {
      return fields[index + 1].text;
    }
  }
  return {};
}

/// "app" of "app-3".
std::string without_number(const std::string& stream) {
  const std::size_t dash = stream.find_last_not_of("0123456789");
  const bool numbered = dash != std::string::npos && dash != 0 && dash + 1 != stream.size() && stream[dash] == '-';
  return numbered ? stream.substr(0, dash) : stream;
}

/// Which streams there are, who reads, and whose entries they hold; then whether that tells the stream of the namespace.
class StreamSearch : public std::enable_shared_from_this<StreamSearch> {
 public:
  StreamSearch(redis::Client& client, FleetSettings fleet, std::string nsp, FoundTransport found, std::vector<std::string> uids,
               std::function<void(const FoundTransport&)> done)
      : client_(client),
        fleet_(std::move(fleet)),
        nsp_(std::move(nsp)),
        found_(std::move(found)),
        uids_(std::move(uids)),
        done_(std::move(done)) {
    may_be_sharded_ = found_.streams_servers == 0 && !fleet_.use_sharded_pubsub;
    seen_.servers = found_.streams_servers != 0 ? found_.streams_servers : found_.sharded_servers;
  }

  void begin() {
    next_ = &StreamSearch::look_at_entries;
    ask(
        {"CLIENT", "ID"}, [](StreamSearch& self, const redis::Reply& reply) { self.own_id_ = std::to_string(reply.integer); },
        [](StreamSearch& self) { self.refusal_.clear(); });  // only the database is not known then
    ask({"CLIENT", "LIST"}, [](StreamSearch& self, const redis::Reply& reply) { self.clients_ = reply.text; });
    ask_exists(fleet_.stream_name, [](StreamSearch& self) { self.seen_.has_plain = true; });
    for (std::uint32_t number = 0; number < streams_looked_for; ++number) {
      ask_exists(stream_name_of(fleet_, number),
                 [number](StreamSearch& self) { self.seen_.numbered.emplace_back(number, std::string()); });
    }
  }

 private:
  using Take = std::function<void(StreamSearch&, const redis::Reply&)>;
  using Step = void (StreamSearch::*)();

  void ask(const std::vector<std::string>& words, Take take, std::function<void(StreamSearch&)> refused = {}) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    ++waiting_;
    client_.command(views, [self = shared_from_this(), take = std::move(take),
                            refused = std::move(refused)](const redis::CommandResult& result) {
      if (result.outcome == Outcome::ok) {
        take(*self, result.reply);
      } else {  // what Redis does not tell is not known
        self->refusal_ = self->refusal_.empty() ? result.message : self->refusal_;
        if (refused) {
          refused(*self);
        }
      }
      if (--self->waiting_ == 0) {
        ((*self).*self->next_)();
      }
    });
  }

  void ask_exists(const std::string& name, std::function<void(StreamSearch&)> exists) {
    ask(
        {"EXISTS", name},
        [exists = std::move(exists)](StreamSearch& self, const redis::Reply& reply) {
          if (reply.integer > 0) {
            exists(self);
          }
        },
        [](StreamSearch& self) { self.seen_.is_complete = false; });
  }

  /// `nsp`  takes the namespace of the last entry. Before it, others may be an emitter's.
  void ask_last_entry(const std::string& stream, std::string* nsp) {
    const std::string count(may_be_sharded_ ? entries_looked_at : "1");
    ask({"XREVRANGE", stream, "+", "-", "COUNT", count}, [stream, nsp](StreamSearch& self, const redis::Reply& reply) {
      if (nsp != nullptr && !reply.elements.empty()) {
        *nsp = field_of(reply.elements.front(), "nsp");
      }
      for (const redis::Reply& entry : reply.elements) {
        if (std::find(self.uids_.begin(), self.uids_.end(), field_of(entry, "uid")) != self.uids_.end()) {
          self.written_by_server_ = stream;
        }
      }
    });
  }

  [[nodiscard]] bool has_stream() const { return seen_.has_plain || !seen_.numbered.empty(); }

  void look_at_entries() {
    count_readers();
    if (may_be_sharded_ && readers_everywhere_ && *readers_everywhere_ < seen_.servers) {
      finish();  // each streams server reads
      return;
    }
    std::sort(seen_.numbered.begin(), seen_.numbered.end());
    next_ = has_stream() ? &StreamSearch::conclude : &StreamSearch::look_at_others;
    if (seen_.has_plain) {
      ask_last_entry(fleet_.stream_name, nullptr);
    }
    for (auto& [number, nsp] : seen_.numbered) {
      ask_last_entry(stream_name_of(fleet_, number), &nsp);
    }
    if (!has_stream()) {
      ask({"SCAN", "0", "COUNT", std::string(keys_scanned), "TYPE", "stream"},
          [](StreamSearch& self, const redis::Reply& reply) {
            const std::size_t count =
                reply.elements.size() == 2 ? std::min(reply.elements[1].elements.size(), other_streams_max) : 0;
            for (std::size_t index = 0; index < count; ++index) {
              self.others_.push_back(reply.elements[1].elements[index].text);
            }
          });
    }
  }

  void look_at_others() {
    next_ = &StreamSearch::conclude;
    for (const std::string& stream : others_) {
      ask_last_entry(stream, nullptr);
    }
    if (others_.empty()) {
      conclude();
    }
  }

  void count_readers() {
    if (clients_.empty()) {
      return;
    }
    readers_ = readers_in(clients_, own_id_);
    readers_everywhere_ = 0;
    for (const auto& [database, count] : readers_.by_database) {
      *readers_everywhere_ += count;
    }
    const auto here = readers_.by_database.find(readers_.own_database);
    seen_.readers = readers_.own_database.empty()        ? *readers_everywhere_
                    : here == readers_.by_database.end() ? 0
                                                         : here->second;
  }

  void conclude() {
    if (may_be_sharded_) {
      found_.use_sharded_pubsub = !written_by_server_.empty();
      found_.has_stream = !found_.use_sharded_pubsub && (readers_everywhere_.has_value() || has_stream());
      if (!found_.use_sharded_pubsub && !found_.has_stream) {
        finish();
        return;
      }
    }
    found_.has_own_stream = has_stream() || !seen_.is_complete;
    if (seen_.readers && fleet_.stream_count > 1 && written_by_server_ != fleet_.stream_name &&
        *seen_.readers == seen_.servers * fleet_.stream_count) {
      found_.seen_stream_count = fleet_.stream_count;
    } else {
      found_.seen_stream_count = stream_count_of(seen_, nsp_);
    }
    if (fleet_.stream_count == 1) {
      found_.stream_count = found_.seen_stream_count.value_or(0);
    }
    if (!has_stream() && !written_by_server_.empty()) {
      found_.is_read_elsewhere = true;
      found_.seen_stream_name = without_number(written_by_server_);
      found_.stream_message = "There is no stream \"" + fleet_.stream_name + "\": the servers write to \"" +
                              written_by_server_ + "\". Name their streamName.";
    } else if (seen_.readers == std::size_t{0} && readers_everywhere_ >= seen_.servers &&
               readers_everywhere_ != std::size_t{0}) {
      found_.is_read_elsewhere = true;
      found_.stream_message = "Nobody reads streams in database " + readers_.own_database +
                              " of this Redis, but somebody does in database " + readers_.by_database.begin()->first +
                              ". Name the servers' database in the URL of Redis.";
    } else if (!found_.seen_stream_count) {
      found_.stream_message = why_unknown();
    }
    finish();
  }

  [[nodiscard]] std::string why_unknown() const {
    const std::string advice = ": say how many streams there are, as the servers' streamCount does.";
    if (!seen_.is_complete || (!has_stream() && !seen_.readers)) {
      return "Redis does not tell which streams there are, and who reads them (" + refusal_ + ")" + advice;
    }
    if (!has_stream()) {
      return "There is no stream yet, and " + counted(*seen_.readers, "connection") + " read streams for " +
             counted(seen_.servers, "server") + ", so that it cannot be seen which one the servers read" + advice;
    }
    return "The fleet has several streams (" + names() + "), and which one the servers use for this namespace cannot be seen" +
           advice;
  }

  void finish() { done_(found_); }

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
  const std::vector<std::string> uids_;  ///< of the servers in this namespace
  std::function<void(const FoundTransport&)> done_;
  bool may_be_sharded_ = false;  ///< whether the servers have streams is what is looked for
  SeenStreams seen_;
  std::string own_id_;
  std::string clients_;
  StreamReaders readers_;
  std::optional<std::size_t> readers_everywhere_;
  std::vector<std::string> others_;  ///< streams of other names
  std::string written_by_server_;    ///< a stream whose last entry is by one of the servers
  std::string refusal_;
  std::size_t waiting_ = 0;
  Step next_ = &StreamSearch::look_at_entries;
};

}  // namespace

std::optional<std::uint32_t> stream_count_of(const SeenStreams& seen, std::string_view nsp) {
  if (!seen.is_complete) {
    return std::nullopt;
  }
  const std::size_t readers = seen.readers.value_or(0);
  if (seen.numbered.empty()) {
    const bool is_one = seen.has_plain || (seen.readers && (readers == 0 || readers == seen.servers));
    return is_one ? std::optional<std::uint32_t>(1) : std::nullopt;
  }
  const bool tells = seen.servers != 0 && readers != 0 && readers % seen.servers == 0;
  const auto by_readers = tells ? std::optional(static_cast<std::uint32_t>(readers / seen.servers)) : std::nullopt;
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

namespace {

/// The servers among the subscribers: who has no channel for answers is none, unless nobody has one.
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

void choose(FoundTransport& found, const FleetSettings& fleet, std::string_view nsp) {
  choose(found,
         {counted(found.classic_servers, "server"), counted(found.sharded_servers, "server"),
          counted(found.streams_servers, "server")},
         found.has_stream, fleet.use_sharded_pubsub || found.use_sharded_pubsub, place_text(nsp, fleet.key));
}

std::string last_name_of(const std::string& channel) {
  return channel.size() > uid_size ? channel.substr(channel.size() - uid_size - 1, uid_size) : std::string();
}

/// `with_uids`  strangers among the subscribers are looked for, too, and whether this is a node of a Redis Cluster.
void count(redis::Client& client, const FleetSettings& fleet, std::string_view nsp, bool with_uids,
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
  const std::array<std::string_view, 1> hello{"HELLO"};  // no user is refused this
  ask(client, search, hello, Need::never, [](FoundTransport& found, const redis::Reply& reply) {
    for (std::size_t index = 0; index + 1 < reply.elements.size(); index += 2) {
      found.is_cluster_node |= reply.elements[index].text == "mode" && reply.elements[index + 1].text == "cluster";
    }
  });
}

}  // namespace

void find_transport(redis::Client& client, const FleetSettings& fleet, std::string_view nsp,
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
        if (found.streams_servers + found.sharded_servers == 0) {
          decided(found);
          return;
        }
        const auto& uids = found.streams_servers != 0 ? seen.uids : seen.shard_uids;
        std::make_shared<StreamSearch>(client, fleet, name, found, uids.value_or(std::vector<std::string>()), decided)->begin();
      });
}

void count_servers(redis::Client& client, const FleetSettings& fleet, std::string_view nsp,
                   std::function<void(const FoundTransport&)> done) {
  count(client, fleet, nsp, false,
        [fleet, name = std::string(nsp), done = std::move(done)](FoundTransport& found, const Subscribers&) {
          choose(found, fleet, name);
          done(found);
        });
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
  ask(client, search, channels, Need::always, [key = fleet.key, wanted](FoundNamespaces& found, const redis::Reply& reply) {
    found.classic = namespaces_in(reply, key + "-request#", *wanted);
    found.streams = namespaces_in(reply, key + "#", *wanted);
  });
  const std::array<std::string_view, 3> shards{"PUBSUB", "SHARDCHANNELS", pattern.text()};
  ask(client, search, shards, Need::if_known, [key = fleet.key, wanted](FoundNamespaces& found, const redis::Reply& reply) {
    found.sharded = namespaces_in(reply, key + "#", *wanted);
  });
  std::vector<std::string_view> exists{"EXISTS"};
  const std::vector<std::string> streams = stream_names::all(fleet.stream_name, fleet.stream_count);
  exists.insert(exists.end(), streams.begin(), streams.end());
  ask(client, search, exists, Need::never,
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
