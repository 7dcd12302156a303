#include "stream_search.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <socketio/emitter/client_list.hpp>
#include <socketio/protocol/stream_names.hpp>

namespace socketio {
namespace {

using redis::Outcome;

/// Count of numbered streams that are looked for; also the largest `streamCount` that is considered.
constexpr std::uint32_t streams_looked_for = 64;
/// Limits of the search for streams of other names: streams whose last entries are read, and keys scanned to find them.
constexpr std::size_t other_streams_max = 16;
constexpr std::string_view keys_scanned = "1000";
/// Number of last entries in which one by a server is looked for.
constexpr std::string_view entries_looked_at = "20";

std::string stream_name_of(const Fleet& fleet, std::uint32_t number) {
  return fleet.stream_name + "-" + std::to_string(number);
}

/// Connections that are in XREAD, per database, from the lines of CLIENT LIST. Those of socketio-fleet are not counted.
struct StreamReaders {
  std::map<std::string, std::size_t, std::less<>> by_database;
  std::string own_database;  ///< of the connection `own_id`; empty when not known
};

StreamReaders stream_readers_in(std::string_view clients, std::string_view own_id) {
  StreamReaders readers;
  client_list::for_each(clients, [&](client_list::Line<> client) {
    if (client.runs_xread() && !client.is_tool()) {
      ++readers.by_database[std::string(client.text("db"))];
    }
    if (!own_id.empty() && client.text("id") == own_id) {
      readers.own_database = client.text("db");
    }
  });
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

/// The values of `streamCount` that fit what Redis shows.
struct StreamCounts {
  std::optional<std::uint32_t> certain;   ///< the only one
  std::vector<std::uint32_t> candidates;  ///< above 1; they may give a namespace different streams
};

std::int64_t index_of(std::string_view nsp, std::uint32_t count) {
  return stream_names::hash_of(nsp) % static_cast<std::int64_t>(count);
}

StreamCounts stream_counts_of(const SeenStreams& seen) {
  StreamCounts counts;
  if (!seen.is_complete) {
    return counts;
  }
  const std::size_t readers = seen.readers.value_or(0);
  if (seen.numbered.empty()) {
    if (seen.has_plain || (seen.readers && (readers == 0 || readers == seen.servers))) {
      counts.certain = 1;
    }
    return counts;
  }
  for (std::uint32_t count = std::max(seen.numbered.back().first + 1, 2U); count <= streams_looked_for; ++count) {
    if (std::all_of(seen.numbered.begin(), seen.numbered.end(), [count](const auto& stream) {
          return stream.second.empty() || index_of(stream.second, count) == static_cast<std::int64_t>(stream.first);
        })) {
      counts.candidates.push_back(count);
    }
  }
  const bool tells = seen.servers != 0 && readers != 0 && readers % seen.servers == 0;
  const auto by_readers = tells ? static_cast<std::uint32_t>(readers / seen.servers) : 0U;
  const bool fits = std::find(counts.candidates.begin(), counts.candidates.end(), by_readers) != counts.candidates.end();
  if (tells && (fits || (by_readers == 1 && seen.has_plain))) {
    counts.certain = by_readers;
  } else if (counts.candidates.size() == 1 && !seen.has_plain) {
    counts.certain = counts.candidates.front();
  }
  return counts;
}

class StreamSearch : public std::enable_shared_from_this<StreamSearch> {
 public:
  StreamSearch(redis::Client& client, Fleet fleet, std::string nsp, FoundTransport found, std::vector<std::string> uids,
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
        [](StreamSearch& self) { self.refusal_.clear(); });  // only the database remains unknown then
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
      } else if (result.outcome != Outcome::refused) {  // the connection was lost, or the deadline has passed
        self->found_.outcome = result.outcome;
        self->found_.message = "Redis does not tell which transport is in use: " + result.message;
      } else {  // the values that Redis refuses remain unknown
        self->refusal_ = self->refusal_.empty() ? result.message : self->refusal_;
        if (refused) {
          refused(*self);
        }
      }
      if (--self->waiting_ == 0) {
        self->found_.outcome == Outcome::ok ? ((*self).*self->next_)() : self->finish();
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

  /// Reads the last entry of a stream, or several while `may_be_sharded_`, and looks for one by a server: others may be an
  /// emitter's.
  /// `nsp`  receives the namespace of the last entry; may be null.
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
      finish();  // every streams server would be in XREAD
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
    readers_ = stream_readers_in(clients_, own_id_);
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
    if (may_be_sharded_ && clients_.empty() && !seen_.is_complete) {
      found_.message = "Redis does not tell whether the servers use sharded pub/sub alone or streams as well (" + refusal_ +
                       "): name the transport, sharded or streams.";
      finish();
      return;
    }
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
      found_.is_stream_of_namespace_only = found_.seen_stream_count && !stream_counts_of(seen_).certain;
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
      return "There is no stream yet, and " + counted_or_none(*seen_.readers, "connection") + " read streams for " +
             counted_or_none(seen_.servers, "server") + ", so that it cannot be seen which one the servers read" + advice;
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
  const Fleet fleet_;
  const std::string nsp_;
  FoundTransport found_;
  const std::vector<std::string> uids_;  ///< of the servers in this namespace
  std::function<void(const FoundTransport&)> done_;
  bool may_be_sharded_ = false;  ///< it is not known whether the servers are sharded or streams servers
  SeenStreams seen_;
  std::string own_id_;
  std::string clients_;
  StreamReaders readers_;
  std::optional<std::size_t> readers_everywhere_;
  std::vector<std::string> others_;  ///< streams of other names
  std::string written_by_server_;    ///< a stream with an entry by one of the servers
  std::string refusal_;
  std::size_t waiting_ = 0;
  Step next_ = &StreamSearch::look_at_entries;
};

}  // namespace

void search_streams(redis::Client& client, Fleet fleet, std::string nsp, FoundTransport found,
                    std::vector<std::string> uids, std::function<void(const FoundTransport&)> done) {
  std::make_shared<StreamSearch>(client, std::move(fleet), std::move(nsp), std::move(found), std::move(uids), std::move(done))
      ->begin();
}

std::optional<std::uint32_t> stream_count_of(const SeenStreams& seen, std::string_view nsp) {
  const StreamCounts counts = stream_counts_of(seen);
  const bool one_stream =
      !counts.certain && !counts.candidates.empty() && !seen.has_plain &&
      std::all_of(counts.candidates.begin(), counts.candidates.end(),
                  [&](std::uint32_t count) { return index_of(nsp, count) == index_of(nsp, counts.candidates.front()); });
  return one_stream ? std::optional(counts.candidates.front()) : counts.certain;
}

Fleet with_found(Fleet fleet, Transport transport, const FoundTransport& found) {
  fleet.transport = transport;
  fleet.stream_count = std::max(found.stream_count, 1U);  // 0: unknown, and not needed by requests
  fleet.use_sharded_pubsub = fleet.use_sharded_pubsub || found.use_sharded_pubsub;
  return fleet;
}

std::optional<Transport> transport_for_requests(const FoundTransport& found) {
  const bool only_streams = found.streams_servers != 0 && found.classic_servers + found.sharded_servers == 0;
  return only_streams ? std::optional(Transport::streams) : found.transport;
}

std::string counted_or_none(std::size_t count, std::string_view what) {
  return count == 0 ? std::string() : std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

}  // namespace socketio
